# posture as a job: no root, nothing but itself, and /runs to leave its runs in.
# Pin the base by digest where your registry has one: --build-arg PYTHON=python@sha256:...
ARG PYTHON=python:3.13.5-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /source
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY scanner scanner
COPY checks checks
COPY reports reports
RUN python -m venv /opt/posture \
    && /opt/posture/bin/pip install --no-cache-dir --constraint requirements.lock .

FROM ${PYTHON}
COPY --from=build /opt/posture /opt/posture
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin posture \
    && install --directory --owner 10001 /runs
USER 10001
WORKDIR /runs
ENV PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["/opt/posture/bin/posture"]
CMD ["--help"]
