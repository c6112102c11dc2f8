"""`facecue serve` as a person meets it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import cli
from bridge.commands.serve import DEFAULT_PORT
from bridge.config import ServeConfig
from bridge.door import VARIABLE


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "nothing is named that could be served; try --a2f"),
        (["--a2f", "--cert", "x.pem"], 1, "cert and key belong together"),
        (["--a2f", "--fps", "5"], 1, "fps is 5; choose 10 to 240"),
        (["--a2f", "--listen", "0.0.0.0"], 1, "0.0.0.0:52000 can be reached from other machines"),  # noqa: S104
        (["--a2f", "--listen", "127.0.0.1:1,127.0.0.1:2"], 1, "--listen names 2 places; a server has one"),
        (["--a2f", "--listen", "127.0.0.1:70000"], 1, "port 70000 is outside"),
        (["--a2f", "--token-file", "gone"], 1, "gone: No such file"),
        (["--a2f", "--lookahead", "soon"], 1, "lookahead is 'soon'"),
        (["--a2f", "--model", "gone.onnx", "--listen", "127.0.0.1:0"], 1, "gone.onnx: no such model file"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "--model" in arguments:
        pytest.importorskip("nvidia_audio2face_3d", reason="pip install 'facecue[a2f]'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert cli.run(["serve", *arguments]) == code
    error = capsys.readouterr().err
    assert says in error
    assert error.startswith("facecue: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("library", ["grpc", "nvidia_audio2face_3d"])
def test_a_missing_library_says_what_to_install(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for room in ("a2f", "conversation"):
        monkeypatch.delitem(sys.modules, f"bridge.serve.{room}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    assert cli.run(["serve", "--a2f", "--listen", "127.0.0.1:0"]) == 1
    assert "install it with: pip install 'facecue[a2f]'" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("secure", [False, True])
def test_it_serves_until_interrupted(secure: bool, tmp_path: Path) -> None:
    grpc = pytest.importorskip("grpc", reason="pip install 'facecue[a2f]'")
    pytest.importorskip("nvidia_audio2face_3d", reason="pip install 'facecue[a2f]'")
    command = [sys.executable, "-m", "bridge", "serve", "--a2f", "--listen", "127.0.0.1:0"]
    if secure:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed, so there is no certificate to try")
        make = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ]
        make += ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
        subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
        command += ["--cert", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem")]
    root = Path(cli.__file__).parents[1]
    env = os.environ | {"PYTHONPATH": str(root)}
    env.pop(VARIABLE, None)
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    try:
        assert server.stdout is not None
        opening = server.stdout.readline()
        assert ("with TLS" in opening) == secure
        found = re.search(r"serving Audio2Face-3D at 127\.0\.0\.1:(\d+), network live", opening)
        assert found is not None
        options = (("grpc.enable_http_proxy", 0), ("grpc.ssl_target_name_override", "localhost"))
        where = f"127.0.0.1:{found[1]}"
        if secure:
            trust = grpc.ssl_channel_credentials((tmp_path / "cert.pem").read_bytes())
            channel = grpc.secure_channel(where, trust, options)
        else:
            channel = grpc.insecure_channel(where, options[:1])
        with channel:
            assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10) == b"\x08\x01"
        server.send_signal(signal.SIGINT)
        out, error = server.communicate(timeout=20)
    finally:
        server.kill()
        server.communicate()
    assert server.returncode == 0
    assert error == ""
    assert out.splitlines()[-1].startswith("ended: 0 running")


def test_the_usual_place_is_this_machine() -> None:
    assert ServeConfig().listen == f"127.0.0.1:{DEFAULT_PORT}" == "127.0.0.1:52000"


@pytest.mark.parametrize(
    ("settings", "arguments", "says"),
    [
        ('a2f = true\nlisten = "127.0.0.1:70000"', [], "port 70000 is outside"),
        ('a2f = true\ntoken_file = "gone"', [], "gone: No such file"),
        ("a2f = true\nfps = 5", [], "face.toml: [serve] fps is 5; choose 10 to 240"),
        ('a2f = true\nlisten = "127.0.0.1:70000"', ["--listen", "127.0.0.1:70001"], "port 70001 is outside"),
        ("fps = 30", [], "nothing is named that could be served; try --a2f"),
    ],
)
def test_settings_in_a_file_are_heard(
    settings: str,
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "face.toml").write_text(f"[serve]\n{settings}\n", encoding="utf-8")
    assert cli.run(["serve", "--config", "face.toml", *arguments]) in (1, 2)
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_a_file_says_how_to_serve(tmp_path: Path) -> None:
    grpc = pytest.importorskip("grpc", reason="pip install 'facecue[a2f]'")
    pytest.importorskip("nvidia_audio2face_3d", reason="pip install 'facecue[a2f]'")
    (tmp_path / "token").write_text("correct-horse-battery-staple\n")
    (tmp_path / "face.toml").write_text(
        f'[serve]\na2f = true\nlisten = "127.0.0.1:0"\nfps = 30\ntoken_file = {str(tmp_path / "token")!r}\n'
    )
    command = [sys.executable, "-m", "bridge", "serve", "--config", str(tmp_path / "face.toml")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert "to those who bring the token" in line
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert found is not None
        with grpc.insecure_channel(found[0]) as channel:
            grpc.channel_ready_future(channel).result(timeout=10)
    finally:
        server.kill()
        server.communicate()
