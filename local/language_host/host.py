"""The calls of Pulumi's language protocol. Those that make no sense here (code generation) answer UNIMPLEMENTED."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict

from local.language_host import packages
from local.language_host.children import Children, describe
from local.language_host.interpreter import Interpreter, InterpreterMissing, interpreter_for
from local.language_host.program import REPORTED
from local.language_host.protocol import language_pb2, language_pb2_grpc, plugin_pb2

PROGRAM = Path(__file__).with_name("program.py")


def options_of(info: language_pb2.ProgramInfo) -> Mapping[str, Any]:
    return MessageToDict(info.options)


def interpreter_of(info: language_pb2.ProgramInfo) -> Interpreter:
    return interpreter_for(options_of(info), Path(info.root_directory))


class PythonHost(language_pb2_grpc.LanguageRuntimeServicer):
    """One engine's language host. Method names are the protocol's."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.children = Children()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self.engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        plugins = packages.plugins(self._interpreter(request.info, context).site_packages())
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(
                    name=plugin.name, kind="resource", version=plugin.version, server=plugin.server
                )
                for plugin in plugins
            ]
        )

    def GetRequiredPlugins(
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        plugins = packages.plugins(self._interpreter(request.info, context).site_packages())
        return language_pb2.GetRequiredPluginsResponse(
            plugins=[
                plugin_pb2.PluginDependency(
                    name=plugin.name, kind="resource", version=plugin.version, server=plugin.server
                )
                for plugin in plugins
            ]
        )

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        installed = packages.dependencies(self._interpreter(request.info, context).site_packages())
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=number) for name, number in installed]
        )

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        yield language_pb2.InstallDependenciesResponse(
            stdout=b"Nothing to install: this project's Python environment is managed by uv (`uv sync`).\n"
        )

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def Template(
        self, request: language_pb2.TemplateRequest, context: grpc.ServicerContext
    ) -> language_pb2.TemplateResponse:
        return language_pb2.TemplateResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.children.end()
        return empty_pb2.Empty()

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        try:
            python = interpreter_of(request.info)
            child = self.children.start(
                python.executable,
                [str(PROGRAM), *self._run_arguments(request)],
                cwd=request.pwd or request.info.program_directory,
                env=python.environment(os.environ),
                given=json.dumps({"values": dict(request.config), "secrets": list(request.configSecretKeys)}).encode(),
            )
        except (InterpreterMissing, OSError) as error:
            return language_pb2.RunResponse(error=f"cannot start the program: {error}")
        if not context.add_callback(lambda: self.children.end(child)):
            self.children.end(child)
        status = self.children.wait(child)
        if status == REPORTED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=describe(status) if status else "")

    def _run_arguments(self, request: language_pb2.RunRequest) -> list[str]:
        info = request.info
        return [
            f"--monitor={request.monitor_address}",
            f"--engine={self.engine}",
            f"--project={request.project}",
            f"--stack={request.stack}",
            f"--organization={request.organization or 'organization'}",
            f"--root_directory={info.root_directory}",
            f"--parallel={request.parallel}",
            *(["--dry_run"] if request.dryRun else []),
            "--",
            str(Path(info.program_directory, info.entry_point)),
            *request.args,
        ]

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        folder = request.info.program_directory
        # Each serves itself, also a policy pack of the SDK's: `python -m pulumi.policy` would import all of it first.
        target = [folder, *request.args]
        python = self._interpreter(request.info, context)
        given = dict(entry.split("=", 1) for entry in request.env if "=" in entry)
        child = self.children.start(
            python.executable, target, cwd=request.pwd, env=python.environment(given or os.environ)
        )
        if not context.add_callback(lambda: self.children.end(child)):
            self.children.end(child)
        try:
            for name, chunk in self.children.output(child):
                if name == "stdout":
                    yield language_pb2.RunPluginResponse(stdout=chunk)
                else:
                    yield language_pb2.RunPluginResponse(stderr=chunk)
            yield language_pb2.RunPluginResponse(exitcode=self.children.wait(child))
        finally:  # also when the engine no longer listens
            self.children.end(child)
            self.children.wait(child)

    def _interpreter(self, info: language_pb2.ProgramInfo, context: grpc.ServicerContext) -> Interpreter:
        try:
            return interpreter_of(info)
        except InterpreterMissing as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
