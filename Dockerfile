# syntax=docker/dockerfile:1

# Builds the jar and takes it apart: libraries change seldom, the application often.
FROM maven:3.9.16-eclipse-temurin-25 AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    ./mvnw -B -DskipTests -Dspotless.check.skip package
RUN java -Djarmode=tools -jar target/keyval.jar extract --layers --destination layers

FROM eclipse-temurin:25-jre-noble
ARG VERSION=0.1.0-SNAPSHOT
ARG REVISION=unknown
LABEL org.opencontainers.image.title="keyval" \
      org.opencontainers.image.description="A replicated key-value store that any TCP client can talk to" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/eclipse-temurin:25-jre-noble"

# A volume mounted here takes over the owner of the directory.
RUN install -d -o 10001 -g 10001 -m 0750 /data

WORKDIR /app
COPY --from=build /build/layers/dependencies/ ./
COPY --from=build /build/layers/spring-boot-loader/ ./
COPY --from=build /build/layers/snapshot-dependencies/ ./
COPY --from=build /build/layers/application/ ./

# The options of the JVM, for the cache below, for the image and for whatever runs it. To change them,
# replace this variable. The heap may be small: most data are outside of it, see keyval.limits.max-memory.
ENV JDK_JAVA_OPTIONS="-XX:MaxRAMPercentage=25 -XX:+ExitOnOutOfMemoryError"

# A start up to the point where it would open ports and files teaches the JVM which classes to have
# ready. The cache fits this JVM and the jar under the very name it has here; otherwise the JVM says so
# and starts without it, more slowly.
RUN KEYVAL_DATA_DIR=/tmp/training java -XX:AOTCacheOutput=/app/keyval.aot -Xlog:aot=error \
        -Dspring.context.exit=onRefresh -jar /app/keyval.jar \
    && rm -rf /tmp/* \
    && chmod 0444 /app/keyval.aot

# Secrets are read from files in /run/secrets/keyval that are named like settings, such as keyval.secret.
ENV KEYVAL_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 5000 6000 8080
STOPSIGNAL SIGTERM
# Nothing is wrong with a node that replays a long log: for a quarter of an hour it is only not healthy yet.
HEALTHCHECK --interval=10s --timeout=5s --start-period=900s --start-interval=2s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${MANAGEMENT_SERVER_PORT:-8080} && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["java", "-XX:AOTCache=/app/keyval.aot", "-jar", "/app/keyval.jar"]
