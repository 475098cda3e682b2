"""The web page under load: what it adds to the model's time, and many clients at once.

    python benchmarks/page.py RUN
    python benchmarks/page.py RUN --clients 32 --seconds 120

RUN is a run's folder. app.py is started on it, as a process of its own. First one client sends a
résumé of some 512 tokens after the other: what it waits beyond the time that the server reports for
the model is the page's own. Then as many clients as asked send without a pause, each a text, or one
in ten a file. Memory is that of app.py with its readers. The machine's clients take a part of the
cores from the server.
"""

import argparse
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
from httpx import Client

from resumebert.data.readers import read_sample

REPOSITORY = Path(__file__).resolve().parents[1]
# Of English in MiniLM's vocabulary, as the sample has it.
CHARACTERS = 2200


def main() -> None:
    """Start the server, and print what was measured."""
    asked = parse_arguments()
    texts = [text[:CHARACTERS] for text in read_sample().texts if len(text) >= CHARACTERS]
    server = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "app.py"), f"ckpt={asked.run}", "port=0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = next(
            found[0] for line in server.stdout if (found := re.search(r"http://\S+", line))
        )
        with Client(base_url=address, timeout=120) as client:
            while client.get("/health").is_error:
                time.sleep(0.1)
            client.post("/label", json={"text": texts[0]})
            print(json.dumps(alone(client, texts[:200])))
        print(json.dumps(together(address, server.pid, texts, asked.clients, asked.seconds)))
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def alone(client: Client, texts: list[str]) -> dict[str, Any]:
    """Let one client send texts, and return milliseconds."""
    whole, model = [], []
    for text in texts:
        began = time.perf_counter()
        answer = client.post("/label", json={"text": text})
        answer.json()
        whole.append((time.perf_counter() - began) * 1000)
        model.append(float(answer.headers["server-timing"].partition("=")[2]))
    own = np.array(whole) - np.array(model)
    return {
        "texts": len(texts),
        **{
            f"{name}_{kind}": round(float(np.percentile(values, share)), 1)
            for name, values in (("answer_ms", whole), ("model_ms", model), ("beyond_ms", own))
            for kind, share in (("median", 50), ("p95", 95))
        },
    }


def together(
    address: str, pid: int, texts: list[str], clients: int, seconds: float
) -> dict[str, Any]:
    """Let many clients send at once; return counts, milliseconds and megabytes."""
    end = time.monotonic() + seconds
    statuses: Counter[str] = Counter()
    waited: list[float] = []
    lock = threading.Lock()

    def send(number: int) -> None:
        choose = random.Random(number)
        with Client(base_url=address, timeout=120) as client:
            while time.monotonic() < end:
                text, began = choose.choice(texts), time.perf_counter()
                try:
                    if choose.random() < 0.1:
                        answer = client.post(
                            "/label/file?name=cv.txt",
                            content=text.encode(),
                            headers={"Content-Type": "application/octet-stream"},
                        )
                    else:
                        answer = client.post("/label", json={"text": text})
                    status = str(answer.status_code)
                except Exception as error:
                    status = type(error).__name__
                with lock:
                    statuses[status] += 1
                    waited.append((time.perf_counter() - began) * 1000)

    memory = []
    with ThreadPoolExecutor(clients) as pool:
        sending = [pool.submit(send, number) for number in range(clients)]
        while not all(each.done() for each in sending):
            memory.append(megabytes(pid))
            time.sleep(min(10.0, seconds / 5))
    for each in sending:
        each.result()
    return {
        "clients": clients,
        "seconds": seconds,
        "answers": dict(statuses),
        "a_second": round(sum(statuses.values()) / seconds, 1),
        "median_ms": round(float(np.median(waited))),
        "p95_ms": round(float(np.percentile(waited, 95))),
        "megabytes": memory,
    }


def megabytes(pid: int) -> int:
    """Return the resident memory of a process and those that it has started."""
    process = psutil.Process(pid)
    every = [process, *process.children(recursive=True)]
    return round(sum(each.memory_info().rss for each in every) / 1e6)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=120)
    return parser.parse_args()


if __name__ == "__main__":
    main()
