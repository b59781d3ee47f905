# Debian's NATS as an image that the chart's StatefulSet takes; in the world outside it is Docker's nats.
ARG BASE
FROM ${BASE}
RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends nats-server && rm -rf /var/lib/apt/lists/*
USER 1000:1000
ENTRYPOINT ["/usr/sbin/nats-server"]
