# SPDX-License-Identifier: GPL-3.0-or-later
"""The child's conversation: JSON requests on standard input, messages on the descriptor that was standard output."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from typing import Any, BinaryIO

import msgspec

from migrate.engine.confine import Lock, limit_resources, lock
from migrate.engine.sealing import Seal
from migrate.model.finding import Severity
from migrate.model.messages import Answer, Done, Failed, Inventory, Open, Play, PlayRole, Progress, Request

ENCODER = msgspec.json.Encoder(enc_hook=str)  # str: ansible-core's tagged strings become plain
DECODER = msgspec.json.Decoder(Request)


class Conversation:
    """One project, from `Open` to the end of input."""

    def __init__(self, out: BinaryIO, project: str) -> None:
        from migrate.engine.gaps import Gaps
        from migrate.engine.looking import Looking
        from migrate.engine.reader import Reader
        from migrate.engine.taint import Taint

        self.out = out
        self.project = os.path.realpath(project)
        self.gaps, self.taint = Gaps(project), Taint()
        self.reader = Reader(self.gaps, self.taint)
        self.told = 0
        self.outputs: tuple[int, ...] = ()
        self.lock: Lock | None = None
        self.seal: Seal | None = None
        self.looking = Looking(tempfile.gettempdir())

    def say(self, answer: Answer) -> None:
        try:
            line = ENCODER.encode(answer)
        except UnicodeEncodeError:  # bytes that are no text, in the name of a host or a file
            line = ENCODER.encode(speakable(msgspec.to_builtins(answer, enc_hook=str)))
        self.out.write(line + b"\n")
        self.out.flush()

    def open(self, request: Open) -> None:
        from migrate.engine.inventory import Estate

        self.reader.set_basedir(os.path.dirname(request.playbooks[0]) if request.playbooks else self.project)
        self.estate = Estate(request.inventories, self.reader, self.gaps, self.taint)
        hosts, self.classes = self.estate.hosts_and_classes()
        self.extra_vars = request.extra_vars
        self.say(Inventory(hosts=hosts, classes=self.classes))
        self.done()

    def play(self, request: Play) -> None:
        from migrate.engine.playing import Player
        from migrate.engine.sharing import fork

        player = Player(self.project, self.estate, self.reader, self.gaps, self.progress, self.extra_vars)
        player.share = fork(request.players, self.outputs, self.lock)
        if player.share.number:
            self._answer_on(self.outputs[player.share.number - 1])
        self.outputs = ()
        self.sealed()
        self.classes = player.play(request.playbooks, self.classes, request.facts, request.known)
        self.done(player.plays)
        if player.share.number:
            os._exit(0)

    def sealed(self) -> None:
        """From here on this process makes no other."""
        if self.seal is not None and not self.outputs and (problem := self.seal.close_forks()):
            self.unsealed(problem)

    def unsealed(self, problem: str) -> None:
        self.gaps.add("unsealed", "recording engine", f"{problem}; the audit hook alone confines the project")

    def _answer_on(self, descriptor: int) -> None:
        """As a player but the first: the first one's output is not ours, and we end when it does."""
        follow_parent()
        os.close(self.out.fileno())
        self.out = os.fdopen(descriptor, "wb")

    def play_role(self, request: PlayRole) -> None:
        from migrate.engine.alone import play_role

        self.taint.forget()
        self.reader.forget()
        self.looking.forget()
        self.told = 0
        self.done(play_role(self.project, self.estate, self.reader, self.gaps, self.progress, request))

    def progress(self, notebook: object, play: str, hosts: int) -> None:
        from migrate.engine.notebook import Notebook

        assert isinstance(notebook, Notebook)
        made = self.taint.made()
        self.say(msgspec.structs.replace(notebook.take(), tokens=made[self.told :]))
        self.told = len(made)
        self.say(Progress(play=play, hosts=hosts))

    def done(self, plays: int = 0) -> None:
        found, tokens, looked = self.gaps.take(), self.taint.tokens(), self.looking.told()
        marks = self.taint.numbered()
        answer = Done(findings=found, tokens=tokens, classes=self.classes, plays=plays, looked=looked, numbered=marks)
        self.say(answer)


def speakable(value: Any) -> Any:
    """The same with a question mark for each byte that is no text."""
    if isinstance(value, dict):
        return {speakable(key): speakable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [speakable(item) for item in value]
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def private_output() -> BinaryIO:
    """Keep standard output for messages only: whatever a library prints goes nowhere."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return out


def converse(lines: BinaryIO, out: BinaryIO) -> None:
    first = DECODER.decode(lines.readline())
    assert isinstance(first, Open), "the conversation starts with Open"
    conversation = Conversation(out, first.project)
    from ansible.plugins.loader import init_plugin_loader

    from migrate.engine.limits import WATCH
    from migrate.engine.mending import mend

    init_plugin_loader()
    mend(conversation.gaps, conversation.taint, trusted=first.trusted)
    WATCH.start(first.task_seconds, conversation.gaps)
    import migrate.engine.alone  # noqa: F401  # every import before the lock

    seal = Seal()
    own = tempfile.gettempdir()
    files = [value[1:] for value in first.extra_vars if value.startswith("@")]
    readable = [
        first.project,
        *files,
        *(os.path.dirname(i) if os.path.isfile(i) else i for i in first.inventories if "," not in i),
    ]
    locked = lock(
        readable,
        [own],
        lambda what: conversation.gaps.add("forbidden", "project", f"refused: {what}", severity=Severity.ERROR),
        runnable=[first.project] if first.trusted else [],
    )
    locked.hear = conversation.looking.hear
    conversation.lock, conversation.outputs = locked, first.outputs
    conversation.looking.begin()
    if problem := seal.close():
        conversation.unsealed(problem)
    else:
        conversation.seal = seal
    conversation.sealed()
    conversation.open(first)
    for line in lines:
        request = DECODER.decode(line)
        if isinstance(request, PlayRole):
            conversation.play_role(request)
        else:
            assert isinstance(request, Play)
            conversation.play(request)


def follow_parent() -> None:
    """End when the caller has gone: nobody is left to answer, and a long play would go on for nothing."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    follow_parent()
    limit_resources()
    out = private_output()
    try:
        converse(sys.stdin.buffer, out)
    except MemoryError:
        out.write(
            ENCODER.encode(
                Failed(
                    message="the project needs more memory than a reader may take",
                    hint="Look for YAML anchors that multiply.",
                )
            )
            + b"\n"
        )
        out.flush()
        sys.exit(1)


if __name__ == "__main__":
    main()
