"""Runs ministack on the listening socket that is its standard input.

No port is chosen, dropped and lost to somebody else that way, and a request may be sent at once: it waits in
the socket's queue.
"""

import asyncio
import ctypes
import signal

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app
from ministack.core import iam_actions

PR_SET_PDEATHSIG = 1

# The kernel ends it with the test, even with one that is killed.
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

# On AWS the permission sns:Publish is that of PublishBatch too, and there is none of the latter's name ("Amazon SNS API
# permissions" in the developer guide). The emulator asks for one.
ACTIONS = {"sns:PublishBatch": "sns:Publish"}
extract = iam_actions.extract_iam_action
iam_actions.extract_iam_action = lambda *request, **named: (action := extract(*request, **named)) and ACTIONS.get(action, action)

config = Config()
config.bind = ["fd://0"]
config.keep_alive_timeout = 75
asyncio.run(serve(app, config))
