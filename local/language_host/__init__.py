"""The Python language host: what lets the embedded engine run a Python program, policy pack or provider.

Pulumi publishes its own host only as a download outside the package registries; this one speaks the same documented
gRPC protocol (`pulumirpc.LanguageRuntime`). The engine starts it as `pulumi-language-python ENGINE_ADDRESS`, reads the
port from its first line and then calls it:

    __main__.py     the process: starts, prints its port, ends with its engine
    host.py         the protocol's calls
    protocol.py     the protocol's generated classes, without the second that `import pulumi` takes
    children.py     starting, following and ending child processes
    interpreter.py  which Python a project asks for
    packages.py     what is installed for that Python
    child.py        first code in a child: ends it when the host dies
    program.py      second code in a program's child: configures the SDK and runs the user's program
"""
