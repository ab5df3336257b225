# The image of the API and of the worker. It speaks to a MongoDB given by MONGODB_URI; the embedded
# stand-in is not in it. It writes nothing, so it runs with a read-only root file system.

# GraphiQL, built to static files
FROM node:24-slim AS graphiql
WORKDIR /build
COPY graph/graphiql/package.json graph/graphiql/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY graph/graphiql ./
RUN npm run build

# Python 3.13 rather than the 3.11 floor: PyMongo reuses TLS sessions only from there on.
FROM python:3.13-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# No pip in the environment that is shipped. Dependencies before the code: they change less often.
RUN python -m venv --without-pip /opt/orderflow
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN pip install --require-hashes -r requirements/build.txt \
    && pip --python /opt/orderflow/bin/python install --require-hashes -r requirements/runtime.txt
COPY LICENSE pyproject.toml ./
COPY domain domain
COPY storage storage
COPY graph graph
COPY --from=graphiql /build/dist graph/graphiql/dist
RUN pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && pip --python /opt/orderflow/bin/python install --no-deps --no-index wheels/*.whl

FROM python:3.13-slim
ENV PATH=/opt/orderflow/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 orderflow \
    && useradd --uid 10001 --gid orderflow --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin orderflow
COPY --from=builder /opt/orderflow /opt/orderflow
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["orderflow", "serve", "--host", "0.0.0.0"]
