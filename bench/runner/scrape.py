"""Scrapes /metrics once a second while a server is measured, as Prometheus would in earnest."""

import threading
import urllib.request


class Scrape:
    def __init__(self, port):
        self._url = f"http://127.0.0.1:{port}/metrics"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.count = 0
        self.failed = 0

    def __enter__(self):
        # What the first scrape makes once is no connection's memory.
        self._scrape()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(1):
            self._scrape()

    def _scrape(self):
        try:
            with urllib.request.urlopen(self._url, timeout=5) as answer:
                answer.read()
            self.count += 1
        except OSError:
            self.failed += 1
