FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
ENV SQLX_OFFLINE=true
RUN cargo build --locked --release

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl postgresql \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/signet --create-home signet
COPY --from=build /src/target/release/signet /usr/local/bin/signet
USER 10001
WORKDIR /var/lib/signet
ENV SIGNET_LISTEN=0.0.0.0:8080 SIGNET_DATA_DIR=/var/lib/signet/data
VOLUME /var/lib/signet
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD curl -fsS http://127.0.0.1:8080/healthz || exit 1
ENTRYPOINT ["signet"]
CMD ["serve"]
