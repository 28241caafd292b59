"""The pack as a process: the engine's analyzer protocol, spoken directly.

Not by pulumi-policy 1.21.0: it imports the whole SDK at every start and reads each resource anew for each policy, which
made up more than half of what the pack cost a preview, and it drops the mark of secrets before any rule runs.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, json_format

from policies.analyzer.decode import properties
from policies.analyzer.pack import DEFAULTS, DESCRIPTIONS, ON_STACK, PACK, REPORT, Level, Line, Pack, schema
from policies.analyzer.protocol import analyzer_pb2, plugin_pb2
from policies.model.resource import Resource
from policies.model.stack import Stack
from policies.model.stack_settings import of_engine

VERSION: Final = "0.0.1"  # the engine takes that of PulumiPolicy.yaml
LEVELS: Final = {level: analyzer_pb2.EnforcementLevel.Value(level.name) for level in Level}
SERVICE: Final = "pulumirpc.Analyzer"
MESSAGE_BYTES: Final = 400 * 1024 * 1024  # what the engine and the SDKs allow for one message


# What is answered -> what is asked with, and what the answer is. The engine also offers each resource for mending, and
# takes it that a pack without `Remediate` mends nothing: gRPC says so by itself in half the time of an empty answer.
METHODS: Final[Mapping[str, tuple[Any, Any]]] = {
    "GetPluginInfo": (empty_pb2.Empty, plugin_pb2.PluginInfo),
    "GetAnalyzerInfo": (empty_pb2.Empty, analyzer_pb2.AnalyzerInfo),
    "Configure": (analyzer_pb2.ConfigureAnalyzerRequest, empty_pb2.Empty),
    "ConfigureStack": (analyzer_pb2.AnalyzerStackConfigureRequest, analyzer_pb2.AnalyzerStackConfigureResponse),
    "Analyze": (analyzer_pb2.AnalyzeRequest, analyzer_pb2.AnalyzeResponse),
    "AnalyzeStack": (analyzer_pb2.AnalyzeStackRequest, analyzer_pb2.AnalyzeResponse),
}


class Analyzer:
    """The service pulumirpc.Analyzer, as the engine calls it."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    def GetPluginInfo(self, request: empty_pb2.Empty, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: Any) -> analyzer_pb2.AnalyzerInfo:
        info = analyzer_pb2.AnalyzerInfo(name=PACK, version=VERSION, supportsConfig=True)
        for name, description in DESCRIPTIONS.items():
            kind = "STACK" if name in (*ON_STACK, REPORT) else "RESOURCE"
            one = info.policies.add(name=name, description=description, enforcementLevel=LEVELS[DEFAULTS[name]])
            one.policy_type = analyzer_pb2.PolicyType.Value(f"POLICY_TYPE_{kind}")
            one.configSchema.properties.update(schema(name))
        return info

    def Configure(self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: Any) -> empty_pb2.Empty:
        given: Mapping[str, tuple[int, Mapping[str, Any]]] = {
            name: (config.enforcementLevel, json_format.MessageToDict(config.properties))
            for name, config in request.policyConfig.items()
        }
        self.pack.configure(given)
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Any) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        secret = frozenset(request.config_secret_keys)
        self.pack.of_stack(of_engine({key: value for key, value in request.config.items() if key not in secret}))
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Analyze(self, request: analyzer_pb2.AnalyzeRequest, context: Any) -> analyzer_pb2.AnalyzeResponse:
        return _response(self.pack.on_resource(_seen(request)))

    def AnalyzeStack(self, request: analyzer_pb2.AnalyzeStackRequest, context: Any) -> analyzer_pb2.AnalyzeResponse:
        stack = Stack(_seen(resource, tuple(resource.dependencies)) for resource in request.resources)
        return _response(self.pack.on_stack(stack))


def _seen(one: Any, dependencies: tuple[str, ...] = ()) -> Resource:
    options = one.options
    return Resource(
        type=one.type,
        urn=one.urn,
        props=properties(one.properties),
        protect=options.protect,
        ignore_changes=tuple(options.ignoreChanges),
        secret_outputs=tuple(options.additionalSecretOutputs),
        delete_before_replace=options.deleteBeforeReplaceDefined and options.deleteBeforeReplace,
        dependencies=dependencies,
    )


def _response(lines: Any) -> analyzer_pb2.AnalyzeResponse:
    return analyzer_pb2.AnalyzeResponse(diagnostics=[_diagnostic(line) for line in lines])


def _diagnostic(line: Line) -> analyzer_pb2.AnalyzeDiagnostic:
    description = DESCRIPTIONS[line.policy]
    return analyzer_pb2.AnalyzeDiagnostic(
        policyName=line.policy,
        policyPackName=PACK,
        policyPackVersion=VERSION,
        description=description,
        message=f"{description}\n{line.message}",
        enforcementLevel=LEVELS[line.level],
        urn=line.urn,
    )


def serve(announce: Callable[[int], None]) -> None:
    """Until the process is ended."""
    limits = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=limits)
    analyzer = Analyzer(Pack())
    handler: Any = grpc.unary_unary_rpc_method_handler
    handlers = {
        name: handler(getattr(analyzer, name), asked.FromString, answer.SerializeToString)
        for name, (asked, answer) in METHODS.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    announce(port)
    Event().wait()
