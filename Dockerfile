# Images of tenantry. The machines on which this project is tested have no container engine, so nothing here was ever
# built there: hadolint reads it (`make lint`), and tests/test_image.py holds every path and version in it to the tree.
# Build it where there is an engine, push it, and write its digest into tenantry:backupImage:
#
#     docker build --target tenantry --tag REGISTRY/tenantry:0.1.0 .     # the nightly backup, and any `tenantry` command
#     docker build --target runner --tag REGISTRY/tenantry-runner:0.1.0 .  # a runner's tools: docs/pull-requests.md
#
# The image holds Pulumi.yaml, the stacks' files and tenants/ of this checkout: build it from the commit that is deployed.

# The client programs must be of the database server's release (components/foundation/settings.py, engine_version): this
# is the official image of PostgreSQL 16 on Debian 12, whose own Python is 3.11. Another release: --build-arg POSTGRES=...
# The digest was not fetched from here; your engine refuses it when the registry has none such.
ARG POSTGRES=postgres:16-bookworm@sha256:efedf3595f1d6f415c08568ba171029bf54052e754cc9f030e3f2412b21f3d67
# The official engine, of the SDK's version; no digest of it is known here: pin your own, --build-arg PULUMI=...@sha256:...
ARG PULUMI=pulumi/pulumi-base:3.272.0

FROM ${PULUMI} AS engine

FROM ${POSTGRES} AS tools
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# Versions of Debian's packages are not pinned: the base is, and Debian's archive drops those that came before.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir uv==0.13.9
STOPSIGNAL SIGTERM

FROM tools AS build
WORKDIR /srv/tenantry
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY tenantry tenantry
RUN /opt/uv/bin/uv sync --locked --no-dev --compile-bytecode --python /usr/bin/python3

FROM tools AS runner
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 runner
COPY --from=engine /pulumi/bin /opt/pulumi
ENV PATH=/opt/pulumi:$PATH TENANTRY_ENGINE=system
USER 10001:10001
WORKDIR /home/runner
RUN pulumi plugin install resource alicloud 4.0.0 \
    && pulumi plugin install resource kubernetes 4.34.2 \
    && pulumi plugin install resource postgresql 3.18.2 \
    && pulumi plugin install resource random 4.21.4
ENTRYPOINT []
CMD ["bash"]

FROM tools AS tenantry
WORKDIR /srv/tenantry
COPY --from=build /srv/tenantry/.venv .venv
COPY Pulumi*.yaml pyproject.toml ./
COPY components components
COPY policies policies
COPY provider provider
COPY stacks stacks
COPY tenantry tenantry
COPY tenants tenants
# The job's root file system is read-only: what is written goes to /tmp.
ENV PATH=/srv/tenantry/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
USER 10001:10001
ENTRYPOINT ["tenantry"]
