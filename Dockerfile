# Two stages: the compiler stays behind. Build: docker build -t bihuan .
# Both bases are the same Debian release, so that the binary finds the C library it was linked with.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock clippy.toml rustfmt.toml ./
COPY connectors connectors
COPY xtask xtask
COPY src src
COPY config config
COPY mappings mappings
ENV CARGO_INCREMENTAL=0
# The cache mounts keep dependencies between builds; the binary must leave them before the layer ends.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin bihuan \
    && cp target/release/bihuan /usr/local/bin/bihuan

FROM debian:12.11-slim
# TLS to ERP and chat servers is checked against the system's certificates.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/bihuan --create-home bihuan
COPY --from=build /usr/local/bin/bihuan /usr/local/bin/bihuan
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/bihuan/
USER 10001:10001
WORKDIR /var/lib/bihuan
VOLUME /var/lib/bihuan
# Inside a container loopback would be unreachable; publish the port to where your reverse proxy is, not to the world.
ENV BIHUAN__HTTP__BIND=0.0.0.0:8790 BIHUAN_LOG_FORMAT=json
EXPOSE 8790
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["bihuan", "health"]
ENTRYPOINT ["bihuan"]
CMD ["run", "--data-dir", "/var/lib/bihuan"]
