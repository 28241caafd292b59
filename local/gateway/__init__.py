"""The gateway of the embedded default: Envoy Gateway, Envoy, an authority, and who answers behind them."""
