"""The whole stand-in without its sockets: state, services, faults, and one lock around them."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
import uuid
from pathlib import Path

from local.alibaba.auth.keys import Keys, RootKey
from local.alibaba.auth.oidc import TokenVerifier
from local.alibaba.clock import Clock
from local.alibaba.faults import Fault, Faults
from local.alibaba.http.errors import DropConnectionError, OssError
from local.alibaba.http.hosts import Target, target_of
from local.alibaba.http.messages import Request, Response
from local.alibaba.http.requestlog import RequestLog
from local.alibaba.oss.service import ObjectStorage, error_response
from local.alibaba.oss.service import Outcome as OssOutcome
from local.alibaba.rpc.service import Outcome as RpcOutcome
from local.alibaba.rpc.service import RpcServices
from local.alibaba.state.buckets import Buckets
from local.alibaba.state.domains import Domains
from local.alibaba.state.identities import Identities
from local.alibaba.state.store import Store


def control_token(directory: Path) -> str:
    """The token of the control endpoints, made once, readable by the owner only."""
    file, fresh = directory / "control-token", directory / ".control-token"
    if not (file.exists() and file.read_text().strip()):  # an empty one would let in who sends none
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_hex(32))
        fresh.rename(file)
    return file.read_text().strip()


def _refusal(status: int, code: str, message: str) -> Response:
    body = json.dumps({"RequestId": str(uuid.uuid4()).upper(), "HostId": "", "Code": code, "Message": message})
    return Response(status, body.encode(), {"Content-Type": "application/json;charset=utf-8"})


def _oss_refusal(status: int, code: str, request: Request) -> Response:
    return error_response(OssError(status, code, "A fault was asked for."), request, "")


class World:
    """One account of Alibaba Cloud."""

    def __init__(self, directory: Path, root: RootKey, jwks: Path | None = None, domains: tuple[str, ...] = ()) -> None:
        self.store = Store(directory)
        fresh = not any(self.store.all("meta"))
        self.clock = Clock(next((m["offset"] for m in self.store.all("meta")), 0.0))
        self.account = root.account
        self.buckets = Buckets(root.account, self.store, self.clock)
        self.identities = Identities(root.account, self.store, self.clock)
        self.domains = Domains(root.account, self.store, self.clock)
        keys = Keys(root, self.identities, self.clock)
        self.oss = ObjectStorage(root.account, self.buckets, keys, self.clock)
        self.rpc = RpcServices(
            root.account, self.identities, self.domains, keys, self.clock, TokenVerifier(jwks, self.clock)
        )
        self.faults = Faults()
        self.lock = threading.RLock()
        self.token = control_token(directory)
        self.log = RequestLog(directory / "requests.log")
        if fresh:
            for name in domains:
                zone = self.domains.add_domain(name)
                zone.dns["given"] = True  # bought by the account, not yet taken up by anybody's AddDomain
                self.domains.save_domain(zone)
            self.set_offset(0.0)
        self.store.commit()

    def set_offset(self, seconds: float) -> None:
        """Shift the clock; the shift survives a restart, as the state that was made under it does."""
        self.clock.offset = seconds
        self.store.put("meta", "clock", {"offset": seconds})

    def handle(self, request: Request) -> Response:
        """Answer one request of a client; DropConnectionError when a fault says so."""
        started = time.monotonic()
        target = target_of(request.host)
        rpc = self.rpc.is_rpc(request) and target.service in ("rpc", "direct")
        if target.service == "unknown" or (target.service == "rpc" and not rpc):
            return self._elsewhere(request)
        operation = self.rpc.operation(request) if rpc else self.oss.operation(request, target)
        with self.lock:
            fault = self.faults.strike(operation)
        if fault is not None and (struck := self._struck(fault, request, rpc=rpc)) is not None:
            self.log.write(
                time=self.clock.iso(), operation=operation, host=request.host, fault=fault.kind, status=struck.status
            )
            return struck
        with self.lock:
            try:
                outcome = self.rpc.handle(request) if rpc else self.oss.handle(request, target)
            finally:
                self.store.commit()
            self._note(request, target, outcome, time.monotonic() - started)
        if fault is not None and fault.kind == "lose":
            raise DropConnectionError
        return outcome.response

    def _struck(self, fault: Fault, request: Request, *, rpc: bool) -> Response | None:
        """The fault's own answer; None when the request goes on (late, or to be lost afterwards)."""
        if fault.kind == "latency":
            time.sleep(fault.seconds)
        if fault.kind == "drop":
            raise DropConnectionError
        if fault.kind == "throttle":
            message = "Request was denied due to user flow control."
            return _refusal(400, "Throttling.User", message) if rpc else _oss_refusal(503, "QpsLimitExceeded", request)
        if fault.kind == "error":
            code = fault.code or ("ServiceUnavailable" if rpc else "InternalError")
            message = "The request has failed due to a fault that was asked for."
            return _refusal(fault.status, code, message) if rpc else _oss_refusal(fault.status, code, request)
        return None

    def _elsewhere(self, request: Request) -> Response:
        text = f"{request.host} is not part of the Alibaba Cloud stand-in, and nothing is forwarded from here.\n"
        self.log.write(time=self.clock.iso(), operation="unknown", method=request.method, host=request.host, status=502)
        return Response(502, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})

    def _note(self, request: Request, target: Target, outcome: OssOutcome | RpcOutcome, seconds: float) -> None:
        entry = {
            "time": self.clock.iso(),
            "method": request.method,
            "host": request.host,
            "service": target.service,
            "operation": outcome.operation,
            "principal": outcome.principal,
            "status": outcome.response.status,
            "error": outcome.error,
            "ms": round(seconds * 1000, 2),
        }
        if isinstance(outcome, OssOutcome):
            hidden = {
                "Signature",
                "OSSAccessKeyId",
                "security-token",
                "x-oss-signature",
                "x-oss-credential",
                "x-oss-security-token",
            }
            query = {k: v for k, v in request.query.items() if k not in hidden}
            self.log.write(**entry, bucket=outcome.bucket, key=outcome.key, query=query)
        else:
            self.log.write(**entry, params=outcome.params)

    def close(self) -> None:
        with self.lock:
            self.store.close()
            self.log.close()
