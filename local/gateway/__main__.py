"""`python -m local.gateway server|applications ...`: what the services of the gateway run."""

import argparse
from pathlib import Path

from local.gateway.settings import Place


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description="the embedded gateway's processes")
    parser.add_argument("process", choices=["server", "applications"])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kubernetes", type=Path, required=True, help="folder of the control plane")
    parser.add_argument("--sockets", required=True, help="what comes before the name of each pod's socket")
    parser.add_argument("--https", type=int, required=True)
    parser.add_argument("--http", type=int, required=True)
    parser.add_argument("--xds", type=int, required=True)
    parser.add_argument("--program", type=Path, help="Envoy Gateway")
    parser.add_argument("--definitions", type=Path, help="folder of the kinds that the control plane lacks")
    options = parser.parse_args()
    place = Place(options.folder, options.kubernetes, options.sockets, options.https, options.http, options.xds)
    if options.process == "server":
        from local.gateway.server import become_gateway

        become_gateway(place, options.program, options.definitions)
    else:
        from local.gateway.applications.process import run

        run(place)


if __name__ == "__main__":
    main()
