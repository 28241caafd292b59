"""`python -m local.alibaba --port P --state DIR [--oidc-jwks FILE] [--domain NAME ...]`.

The account and its own key come from ALICLOUD_ACCOUNT_ID, ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from local.alibaba.auth.keys import RootKey
from local.alibaba.http.server import Server
from local.alibaba.state.store import StateTakenError
from local.alibaba.world import World


def _default_domains() -> tuple[str, ...]:
    try:
        from tenantry.names import DEFAULT_ZONE
    except ImportError:
        return ()
    return (DEFAULT_ZONE,)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.alibaba", description="Alibaba Cloud stand-in on 127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="directory of the state, created with mode 0700")
    parser.add_argument("--oidc-jwks", type=Path, help="JWKS file with the keys of OIDC issuers; may appear later")
    parser.add_argument("--domain", action="append", help="domain that the new account has; default the product's zone")
    options = parser.parse_args()
    try:
        root = RootKey(*(os.environ[f"ALICLOUD_{n}"] for n in ("ACCOUNT_ID", "ACCESS_KEY", "SECRET_KEY")))
    except KeyError as missing:
        print(f"{missing.args[0]} is not set: it is part of the account's own key.", file=sys.stderr)
        return 2
    if not root.account.isdigit() or not root.key or not root.secret:
        print("ALICLOUD_ACCOUNT_ID must be digits, and the key and secret not empty.", file=sys.stderr)
        return 2
    domains = tuple(options.domain) if options.domain else _default_domains()
    try:
        world = World(options.state, root, options.oidc_jwks, domains)
    except StateTakenError as taken:
        print(taken, file=sys.stderr)
        return 1
    server = Server(options.port, world)

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"alibaba stand-in: http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
