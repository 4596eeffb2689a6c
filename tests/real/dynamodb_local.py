"""DynamoDB Local, Amazon's own implementation of the API: fetched by Maven once, started once a session.

The point of this suite is that the store is not part of this project. If it is not available, the run fails.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import time

import boto3
import botocore.config
import botocore.exceptions

from lambda_runtime import REPOSITORY, end_with_parent

POM = pathlib.Path(__file__).with_name("pom.xml")
CACHE = pathlib.Path(os.environ.get("DYNAMODB_LOCAL_DIR", REPOSITORY / "target/dynamodb-local"))


def fetch() -> pathlib.Path:
    """Copies DynamoDB Local with its dependencies into the cache folder, unless they exist."""
    if not list(CACHE.glob("DynamoDBLocal-*.jar")):
        # The rename at the end ensures that an interrupted copy is not used later.
        unfinished = CACHE.with_name(CACHE.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run(
            ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={unfinished}"],
            check=True, stdin=subprocess.DEVNULL,
        )
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        unfinished.rename(CACHE)
    return CACHE


def client(url: str):
    return boto3.client(
        "dynamodb", endpoint_url=url, region_name="eu-west-1", aws_access_key_id="suite", aws_secret_access_key="suite",
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )


def create_table(client, name: str, key: str):
    client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
    )


class OtherStore:
    """Another implementation of the API, which is running. It may have the tables already."""

    def __init__(self, url: str):
        self.url, self.client = url, client(url)

    def create_table(self, name: str, key: str):
        if name not in self.client.list_tables()["TableNames"]:
            create_table(self.client, name, key)

    def stop(self):
        """It belongs to the caller."""


class DynamoDbLocal:
    def __init__(self):
        folder = fetch()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        # It would otherwise send telemetry; this suite only uses loopback addresses.
        environment = {**os.environ, "DDB_LOCAL_TELEMETRY": "0"}
        self.process = subprocess.Popen(
            ["java", "-Xmx512m", "-XX:+UseSerialGC", f"-Djava.library.path={folder}", "-cp", f"{folder}/*",
             "software.amazon.dynamodb.services.local.main.ServerRunner",
             "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(self.port)],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=end_with_parent,
        )
        self.client = client(self.url)
        self._wait()

    def create_table(self, name: str, key: str):
        create_table(self.client, name, key)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def _wait(self):
        end = time.monotonic() + 60
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"DynamoDB Local did not start: {self.process.stderr.read().decode()[-2000:]}")
            try:
                return self.client.list_tables()
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                if time.monotonic() > end:
                    self.stop()
                    raise
                time.sleep(0.1)
