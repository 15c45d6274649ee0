"""The Python SDK against the daemon that DOCKER_HOST names; the registry's address is the argument."""
import io
import sys
import tarfile
import threading
import time

import docker

client = docker.from_env(version="auto", timeout=30)
api = client.api
registry = sys.argv[1]


def check(what, held):
    print(("ok   " if held else "FAIL ") + what, flush=True)
    if not held:
        sys.exit(1)


check("ping", client.ping())
check("version", client.version()["ApiVersion"] == "1.56")
check("info", client.info()["Swarm"]["LocalNodeState"] == "inactive")

output = client.containers.run("busybox", ["echo", "hello"], remove=True)
check(f"run {output}", output == b"hello\n")
try:
    client.containers.run("busybox", "sh -c 'echo bad >&2; exit 3'", remove=True)
    check("exit code", False)
except docker.errors.ContainerError as error:
    check("exit code", error.exit_status == 3 and b"bad" in error.stderr)
try:
    client.containers.run("nosuch:1")
    check("missing image", False)
except (docker.errors.ImageNotFound, docker.errors.APIError):
    check("missing image", True)

seen = []
events = client.events(decode=True, filters={"container": "life"})
reader = threading.Thread(target=lambda: [seen.append(event["Action"]) for event in events])
reader.start()

life = client.containers.run(
    "busybox", ["sh", "-c", "echo out; echo err >&2; exec sleep 99"],
    name="life", detach=True, labels={"a": "b"}, ports={"80/tcp": ("127.0.0.1", None)},
    mem_limit="64m", environment={"A": "b"}, ulimits=[docker.types.Ulimit(name="nofile", soft=64, hard=128)],
)
life.reload()
check("status", life.status == "running")
check("port", life.ports["80/tcp"][0]["HostPort"].isdigit())
check("list", [c.name for c in client.containers.list(filters={"label": "a=b"})] == ["life"])
code, streams = life.exec_run("sh -c 'echo $A; echo e >&2; exit 4'", demux=True)
check("exec", (code, streams) == (4, (b"b\n", b"e\n")))
sock = life.exec_run("cat", stdin=True, socket=True).output
sock._sock.sendall(b"typed\n")
check("exec with input", b"typed" in sock._sock.recv(64))
sock._sock.close()
for _ in range(50):
    if life.logs() == b"out\nerr\n":
        break
    time.sleep(0.1)
check("logs", life.logs(stderr=False) == b"out\n" and life.logs(stdout=False) == b"err\n")
check("logs, followed", next(life.logs(stream=True, follow=True)) in (b"out\n", b"err\n"))
check("stats", life.stats(stream=False)["memory_stats"]["limit"] == 64 << 20)
check("stats, streamed", next(life.stats(stream=True, decode=True))["id"] == life.id)
check("top", "PID" in life.top()["Titles"])
check("diff", life.exec_run("touch /new").exit_code == 0 and {"Path": "/new", "Kind": 1} in life.diff())
pack = io.BytesIO()
with tarfile.open(fileobj=pack, mode="w") as tar:
    entry = tarfile.TarInfo("file")
    entry.size = 4
    tar.addfile(entry, io.BytesIO(b"text"))
check("archive in", life.put_archive("/tmp", pack.getvalue()))
chunks, stat = life.get_archive("/tmp/file")
with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
    check("archive out", tar.extractfile("file").read() == b"text" and stat["size"] == 4)
life.pause()
life.unpause()
life.update(cpu_shares=512)
life.rename("lives")
life.rename("life")
life.restart(timeout=0)
life.stop(timeout=0)
check("wait", life.wait()["StatusCode"] == 137)
life.remove()
events.close()
reader.join(5)
check("events", [a for a in seen if a in ("create", "start", "pause", "die", "destroy")][:3] == ["create", "start", "pause"])

attached = client.containers.create("busybox", "cat", stdin_open=True)
sock = attached.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
attached.start()
sock._sock.sendall(b"line\n")
check("attach", b"line" in sock._sock.recv(64))
sock._sock.close()
attached.remove(force=True)

image, lines = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN echo made > /made\n"), tag="py:1", rm=True)
check("build", "py:1" in image.tags)
try:
    client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN exit 5\n"))
    check("a build that fails", False)
except docker.errors.BuildError as error:
    check("a build that fails", "non-zero code: 5" in str(error))
name = f"{registry}/py"
check("tag", image.tag(name, "1"))
check("push", "error" not in client.images.push(name, "1"))
client.images.remove(f"{name}:1")
client.images.remove("py:1")
check("pull", f"{name}:1" in client.images.pull(name, "1").tags)
saved = b"".join(client.images.get(f"{name}:1").save(named=True))
client.images.remove(f"{name}:1")
check("save and load", client.images.load(saved)[0].tags == [f"{name}:1"])
check("history", len(client.images.get(f"{name}:1").history()) > 1)
client.images.remove(f"{name}:1")

network = client.networks.create("py", labels={"a": "b"}, ipam=docker.types.IPAMConfig(
    pool_configs=[docker.types.IPAMPool(subnet="10.213.7.0/24")]))
volume = client.volumes.create("py", labels={"a": "b"})
web = client.containers.run(
    "busybox", ["sh", "-c", "echo page > /www/index.html; exec httpd -f -h /www"],
    name="web", detach=True, network="py", volumes={"py": {"bind": "/www", "mode": "rw"}})
fetch = "for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://web && exit; sleep .2; done"
check("network", client.containers.run("busybox", ["sh", "-c", fetch], network="py", remove=True) == b"page\n")
network.disconnect("web")
network.connect("web", ipv4_address="10.213.7.9", aliases=["again"])
web.reload()
check("address", web.attrs["NetworkSettings"]["Networks"]["py"]["IPAddress"] == "10.213.7.9")
web.remove(force=True)
check("volumes", [v.name for v in client.volumes.list(filters={"label": "a=b"})] == ["py"])
volume.remove()
network.remove()
check("df", client.df()["ImageUsage"]["TotalSize"] > 0)
for prune in (client.containers.prune, client.images.prune, client.networks.prune, client.volumes.prune):
    prune()
try:
    client.swarm.attrs or client.services.list()
    check("swarm", False)
except docker.errors.APIError as error:
    check("swarm", error.status_code == 503)
print("all done")
