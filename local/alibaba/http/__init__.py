"""The stand-in's side towards the network: sockets, messages, host names, errors, the request log."""
