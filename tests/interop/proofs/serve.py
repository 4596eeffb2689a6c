"""Serves the FastAPI application of a file on 127.0.0.1, on the port of the environment."""

import importlib.util
import os
import sys

import uvicorn

spec = importlib.util.spec_from_file_location("api", sys.argv[1])
api = importlib.util.module_from_spec(spec)
spec.loader.exec_module(api)
uvicorn.run(api.app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
