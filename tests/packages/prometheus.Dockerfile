# Debian's Prometheus as an image that compose.yaml takes; in the world outside it is Docker's prom/prometheus.
ARG BASE
FROM ${BASE}
RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends prometheus && \
  rm -rf /var/lib/apt/lists/* && install --directory --owner 65534 --group 65534 /prometheus
USER 65534:65534
ENTRYPOINT ["/usr/bin/prometheus"]
