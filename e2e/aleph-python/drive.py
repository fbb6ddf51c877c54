"""Aleph's own Python client, driven from outside: one JSON request a line in, one JSON answer a line out.

Nothing here judges, signs or encrypts: all of that is the client's. A request is
{"id": n, "do": name, "with": {...}}, an answer {"id": n, "value": ...} or {"id": n, "error": text}.
"""

import asyncio
import inspect
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from aleph.sdk import AlephHttpClient
from aleph.sdk.chains.ethereum import ETHAccount
from aleph.sdk.chains.solana import SOLAccount
from aleph.sdk.client.vm_client import VmClient
from aleph.sdk.client.vm_confidential_client import VmConfidentialClient
from aleph.sdk.types import SEVInfo, SEVMeasurement
from aleph_message.models import InstanceContent, ItemHash

LOG_FRAMES_AT_MOST = 10_000


class Driver:
    """One wallet and one node."""

    def __init__(self, node: str, key: str, chain: str, sevctl: str):
        self.node = node
        secret = bytes.fromhex(key)
        self.account = SOLAccount(secret) if chain == "SOL" else ETHAccount(secret)
        self.sevctl = sevctl
        self.work = Path(tempfile.mkdtemp(prefix="alcove-python-client-"))

    def address(self):
        return self.account.get_address()

    async def sign(self, content: dict):
        """A published message, as the client signs what it publishes."""
        item_content = json.dumps(content, separators=(",", ":"))
        from hashlib import sha256

        message = {
            "chain": self.account.CHAIN,
            "sender": self.account.get_address(),
            "type": "INSTANCE",
            "channel": "TEST",
            "time": content["time"],
            "item_type": "inline",
            "item_content": item_content,
            "item_hash": sha256(item_content.encode()).hexdigest(),
        }
        signed = await self.account.sign_message(message)
        return {**signed, "content": content}

    async def vm(self, call: str, vm: str = "", **rest):
        """Any method of VmClient that answers with a status and a text."""
        async with VmClient(self.account, self.node) as client:
            status, text = await getattr(client, call)(ItemHash(vm), **rest)
        return {"status": status, "text": text}

    async def reserve(self, content: dict):
        async with VmClient(self.account, self.node) as client:
            InstanceContent.model_validate(content)  # what the client would not send is no test
            status, text = await client.reserve_resources(content)
        return {"status": status, "text": text}

    async def operate(self, vm: str, operation: str, method: str = "POST", params=None):
        async with VmClient(self.account, self.node) as client:
            status, text = await client.perform_operation(
                ItemHash(vm), operation, method=method, params=params
            )
        return {"status": status, "text": text}

    async def logs(self, vm: str, until: str = "", seconds: float = 60):
        """Frames of the log stream, until one holds a text, or the stream ends."""
        frames = []
        async with VmClient(self.account, self.node) as client:
            try:
                async with asyncio.timeout(seconds):
                    async for frame in client.get_logs(ItemHash(vm)):
                        frames.append(frame)
                        if until and until in frame or len(frames) >= LOG_FRAMES_AT_MOST:
                            break
            except TimeoutError:
                frames.append("timed out")
        return frames

    async def backup(self, vm: str, **rest):
        async with VmClient(self.account, self.node) as client:
            status, text = await client.create_backup(ItemHash(vm), **rest)
            deadline = time.monotonic() + 120
            while status == 202 and time.monotonic() < deadline:
                await asyncio.sleep(1)
                status, text = await client.get_backup(ItemHash(vm))
        return {"status": status, "text": text}

    async def restore(self, vm: str, file: str):
        async with VmClient(self.account, self.node) as client:
            status, text = await client.restore_from_file(ItemHash(vm), Path(file))
        return {"status": status, "text": text}

    async def crn(self, call: str, **rest):
        """Methods of the service for compute nodes; its models parse what the node answers."""
        async with AlephHttpClient(api_server=self.node) as client:
            value = await getattr(client.crn, call)(self.node, **rest)
        return json.loads(value.model_dump_json()) if hasattr(value, "model_dump_json") else value

    async def usage(self):
        from aleph.sdk.client.services.crn import SystemUsage

        async with aiohttp.ClientSession() as session:
            async with session.get(f"{self.node}/about/usage/system") as response:
                usage = SystemUsage.model_validate(await response.json())
        return json.loads(usage.model_dump_json())

    def confidential(self):
        return VmConfidentialClient(self.account, Path(self.sevctl), self.node)

    async def certificates(self):
        async with self.confidential() as client:
            status, file = await client.get_certificates()
        return {"status": status, "file": file}

    async def session(self, certificates: str, policy: int):
        """Makes a launch session with sevctl, in a directory of its own."""
        before = Path.cwd()
        os.chdir(tempfile.mkdtemp(dir=self.work))
        try:
            async with self.confidential() as client:
                where = await client.create_session("vm", Path(certificates), policy)
            return {"directory": str(where), "files": sorted(it.name for it in where.iterdir())}
        finally:
            os.chdir(before)

    async def initialize(self, vm: str, directory: str):
        where = Path(directory)
        async with self.confidential() as client:
            return await client.initialize(
                ItemHash(vm), where / "vm_session.b64", where / "vm_godh.b64"
            )

    async def measure(self, vm: str):
        async with self.confidential() as client:
            measurement = await client.measurement(ItemHash(vm))
        return measurement.model_dump()

    async def judge(self, measurement: dict, tik: str, firmware_hash: str):
        data = SEVMeasurement(
            sev_info=SEVInfo(**measurement["sev_info"]),
            launch_measure=measurement["launch_measure"],
        )
        async with self.confidential() as client:
            return await client.validate_measure(data, Path(tik), firmware_hash)

    async def secret(self, measurement: dict, directory: str, secret: str):
        data = SEVMeasurement(
            sev_info=SEVInfo(**measurement["sev_info"]),
            launch_measure=measurement["launch_measure"],
        )
        where = Path(directory)
        async with self.confidential() as client:
            header, table = await client.build_secret(
                where / "vm_tek.bin", where / "vm_tik.bin", data, secret
            )
        return {"packet_header": header, "secret": table}

    async def inject(self, vm: str, packet_header: str, secret: str):
        async with self.confidential() as client:
            return await client.inject_secret(ItemHash(vm), packet_header, secret)


async def answer(driver: Driver, request: dict):
    call = getattr(driver, request["do"])
    value = call(**request.get("with", {}))
    return await value if inspect.isawaitable(value) else value


async def main():
    driver = Driver(**json.loads(sys.argv[1]))
    reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        try:
            reply = {"id": request["id"], "value": await answer(driver, request)}
        except Exception as error:  # told to whoever asked
            reply = {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(reply, default=str) + "\n")
        sys.stdout.flush()


asyncio.run(main())
