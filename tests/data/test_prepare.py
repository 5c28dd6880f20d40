import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from ctbench import data
from ctbench.data import _prepare, fashion_mnist, planetoid
from ctbench.data._dataset import canonical_sha256
from ctbench.data._files import file_digest
from ctbench.data._packages import UnavailableError
from ctbench.data._sources import Installed, Mirror, Official, Remote
from ctbench.spec.errors import UserError

FILES = tuple(f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
MIRROR = Mirror("idx", tuple(f"fashion-mnist/{name}" for name in FILES))


def published(folder, digest="sha256"):
    """The files in `folder` as an official source that this machine can reach."""
    remotes = (Remote((folder / name).as_uri(), f"{digest}:{file_digest(folder / name, digest)}") for name in FILES)
    return Official("idx", tuple(remotes))


@pytest.fixture
def site(grey, tmp_path):
    grey.write_idx(tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def mirror(grey, tmp_path, monkeypatch):
    grey.write_idx(tmp_path / "mirror" / "fashion-mnist")
    monkeypatch.setenv("CTBENCH_MIRROR", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


@pytest.fixture
def recipe(grey, site, recipe_for, monkeypatch):
    monkeypatch.delenv("CTBENCH_MIRROR", raising=False)
    return recipe_for("fashion_mnist", fashion_mnist.FAMILY, grey.arrays(), MIRROR, published(site, "md5"))


def prepare(recipe, root, heard, kinds=None):
    return _prepare.prepare(recipe, root, kinds, heard.append)


def test_the_mirror_comes_first_then_the_official_address(recipe, mirror, tmp_path, heard, monkeypatch):
    first = prepare(recipe, tmp_path / "a", heard)
    monkeypatch.delenv("CTBENCH_MIRROR")
    second = prepare(recipe, tmp_path / "b", heard)
    assert first.sha256 == second.sha256 == canonical_sha256(second.arrays)
    assert "prepared from mirror ($CTBENCH_MIRROR/fashion-mnist/train-images" in heard[0]
    assert heard[1] == "fashion_mnist: not from mirror (CTBENCH_MIRROR is not set)"
    assert "prepared from url (file://" in heard[3]


def test_every_source_leaves_the_same_file(recipe, mirror, tmp_path, heard):
    for root, kinds in (("a", ["mirror"]), ("b", ["url"])):
        prepare(recipe, tmp_path / root, heard, kinds)
    a, b = ((tmp_path / root / "fashion_mnist.npz").read_bytes() for root in "ab")
    assert a == b


def test_an_incomplete_mirror_is_passed_over(recipe, mirror, tmp_path, heard):
    (mirror / "fashion-mnist" / FILES[3]).unlink()
    prepare(recipe, tmp_path / "root", heard)
    assert f"{mirror} lacks fashion-mnist/{FILES[3]}" in heard[0]
    assert "prepared from url" in heard[-1]


def test_what_is_prepared_is_left_as_it_is(recipe, tmp_path, heard):
    prepare(recipe, tmp_path, heard)
    before = recipe.path(tmp_path).stat().st_mtime_ns
    prepare(recipe, tmp_path, heard)
    assert recipe.path(tmp_path).stat().st_mtime_ns == before
    assert "already prepared, verified" in heard[-1]


def test_load_gives_what_was_prepared(recipe, tmp_path, heard):
    prepared = prepare(recipe, tmp_path, heard)
    loaded = _prepare.load(recipe, tmp_path)
    assert loaded.sha256 == prepared.sha256 and loaded.fingerprint == prepared.fingerprint
    for name, array in prepared.arrays.items():
        assert array.dtype == loaded.arrays[name].dtype
        np.testing.assert_array_equal(array, loaded.arrays[name])
        assert not array.flags.writeable and not loaded.arrays[name].flags.writeable


def test_load_brings_nothing(recipe, tmp_path):
    with pytest.raises(UserError, match="`ctbench data prepare fashion_mnist` brings it"):
        _prepare.load(recipe, tmp_path)
    assert list(tmp_path.glob("*.npz")) == []


def test_all_sources_failing_is_one_paragraph_that_names_each(recipe, site, tmp_path, heard):
    (site / FILES[0]).unlink()
    with pytest.raises(UserError) as error:
        prepare(recipe, tmp_path / "root", heard)
    text = str(error.value)
    assert "\n" not in text and text.startswith("The data set 'fashion_mnist' could not be had from any source.")
    assert "mirror: CTBENCH_MIRROR is not set. url: file://" in text
    assert f"{FILES[0]}: " in text and "No such file" in text
    assert list((tmp_path / "root").glob("*.npz")) == []


def test_half_a_download_is_not_taken(recipe, site, tmp_path, heard):
    whole = (site / FILES[0]).read_bytes()
    (site / FILES[0]).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"md5 is [0-9a-f]{32}, expected [0-9a-f]{32}"):
        prepare(recipe, tmp_path / "root", heard)
    folder = tmp_path / "download"
    folder.mkdir()
    with pytest.raises(UnavailableError):
        recipe.entry.sources[1].files[0].download(folder)
    assert not (folder / FILES[0]).exists()


def test_other_data_stops_the_run(recipe, mirror, grey, tmp_path, heard):
    """A mirror with one pixel changed: the official address, which is right, is not asked."""
    grey.train_images[0, 0, 0, 0] ^= 1
    grey.write_idx(mirror / "fashion-mnist")
    found = canonical_sha256(grey.arrays())
    with pytest.raises(UserError) as error:
        prepare(recipe, tmp_path / "root", heard)
    text = str(error.value)
    assert f"expected sha256 {recipe.entry.sha256} over its arrays, found {found}" in text
    assert "train_mean_0" in text and "\n" not in text
    assert heard == [] and list((tmp_path / "root").glob("*.npz")) == []


def test_a_mirror_file_that_is_damaged_is_named(recipe, mirror, tmp_path, heard):
    (mirror / "fashion-mnist" / FILES[0]).write_bytes(b"<html>")
    with pytest.raises(UserError, match=r"mirror/fashion-mnist/train-images-idx3-ubyte\.gz: not a whole gzipped"):
        prepare(recipe, tmp_path / "root", heard)


def test_a_decoder_that_fails_names_folder_and_source(citations, recipe_for, tmp_path, heard, monkeypatch):
    citations.write(tmp_path / "mirror", "cora")
    monkeypatch.setenv("CTBENCH_MIRROR", str(tmp_path / "mirror"))
    arrays = planetoid.decode_planetoid("cora", tmp_path / "mirror")
    source = Mirror("planetoid", ("ind.cora.x", "ind.cora.test.index"))
    recipe = recipe_for("cora", planetoid.FAMILY, arrays, source)
    prepare(recipe, tmp_path / "root", heard)
    (tmp_path / "mirror" / "ind.cora.test.index").write_text("no number")
    with pytest.raises(UserError, match=r"files of 'cora' from mirror .* cannot be read as 'planetoid' \(ValueError"):
        prepare(recipe, tmp_path / "other", heard)


def flip_a_pixel(path):
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["test_images"][0, 0, 0, 0] ^= 1
    np.savez(path, **arrays)


def flip_a_bit(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3] ^= 1
    path.write_bytes(raw)


def cut(path):
    path.write_bytes(path.read_bytes()[:1000])


def drop_an_array(path):
    with np.load(path) as archive:
        np.savez(path, **{name: archive[name] for name in archive.files if name != "test_labels"})


def make_empty(path):
    path.write_bytes(b"")


def lone_array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def pickled_objects(path):
    np.savez(path, a=np.array([{}]))


def garbled_header(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': oops   ")


DAMAGES = [flip_a_pixel, flip_a_bit, cut, drop_an_array, make_empty, lone_array, pickled_objects, garbled_header]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_corrupt_file_is_told_and_then_built_anew(recipe, tmp_path, heard, damage):
    prepare(recipe, tmp_path, heard)
    damage(recipe.path(tmp_path))
    with pytest.raises(UserError) as error:
        _prepare.load(recipe, tmp_path)
    text = str(error.value)
    assert text.startswith(f"{tmp_path / 'fashion_mnist.npz'}: corrupt. Expected sha256 {recipe.entry.sha256}")
    assert ", found " in text and "\n" not in text
    prepare(recipe, tmp_path, heard)
    assert any("the prepared file is corrupt" in line for line in heard)
    assert _prepare.load(recipe, tmp_path).sha256 == recipe.entry.sha256


def test_what_a_killed_process_left_is_never_taken_and_is_swept(recipe, tmp_path, heard):
    left = tmp_path / ".fashion_mnist.abc123.part"
    left.write_bytes(b"half")
    other = tmp_path / ".digits.abc123.part"
    other.write_bytes(b"half")
    prepare(recipe, tmp_path, heard)
    assert not left.exists() and other.exists()
    assert sorted(p.name for p in tmp_path.glob("*.npz")) == ["fashion_mnist.npz"]


def test_no_temporary_folder_stays(recipe, tmp_path, heard, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    prepare(recipe, tmp_path / "root", heard)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(p.name for p in (tmp_path / "root").iterdir()) == [".fashion_mnist.lock", "fashion_mnist.npz"]


def test_a_root_that_cannot_be_made(recipe, tmp_path, heard):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="data sets cannot be kept there"):
        prepare(recipe, tmp_path / "file" / "root", heard)


def test_a_full_disk_leaves_nothing(recipe, tmp_path, heard, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(UserError, match=r"fashion_mnist\.npz: cannot be written \(No space left on device\)"):
        prepare(recipe, tmp_path, heard)
    assert [p.name for p in tmp_path.iterdir() if "npz" in p.name or "part" in p.name] == []


def test_kinds_of_sources(tmp_path):
    with pytest.raises(UserError, match=r"no kind of source called 'mirrors'.*Did you mean 'mirror'"):
        data.prepare("digits", tmp_path, sources=["mirrors"])
    with pytest.raises(UserError, match="'digits' has no source of kind url; it has package"):
        data.prepare("digits", tmp_path, sources=["url"])
    with pytest.raises(UserError, match=r"no data set called 'digit'.*Did you mean 'digits'"):
        data.prepare("digit", tmp_path)


def test_digits_by_the_public_functions(tmp_path, heard):
    prepared = data.prepare("digits", tmp_path, log=heard.append)
    assert data.load("digits", tmp_path).sha256 == prepared.sha256
    states = dict(data.verify(tmp_path))
    assert states.pop("digits") == "ok" and set(states.values()) == {"not prepared"}
    cut(tmp_path / "digits.npz")
    assert dict(data.verify(tmp_path))["digits"].startswith("corrupt: expected sha256 1af7bd45")


PROCESS = """
import sys
from pathlib import Path
from ctbench import data
from ctbench.data import _prepare, digits
import sklearn.datasets, time
slow = digits.FAMILY.decoders["sklearn"]
def decode(name, folder):
    print("building", flush=True)
    time.sleep(0.5)
    return slow(name, folder)
digits.FAMILY.decoders["sklearn"] = decode
print("ready", flush=True)
sys.stdin.readline()
data.prepare("digits", Path(sys.argv[1]))
"""


def test_two_processes_at_once_build_once_and_both_succeed(tmp_path):
    """Both stand ready before either starts; decoding is slowed so that they would overlap without the lock."""
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    pair = [subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) for _ in range(2)]
    for process in pair:
        assert process.stdout.readline() == "ready\n"
    for process in pair:
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], outputs
    told = "".join(output for output, _ in outputs)
    assert told.count("building") == 1 and told.count("prepared from package") == 1
    assert told.count("prepared meanwhile by another process, verified") == 1
    assert dict(data.verify(tmp_path))["digits"] == "ok"


def test_a_killed_process_gives_the_lock_back(tmp_path, heard):
    process = subprocess.Popen([sys.executable, "-c", PROCESS, str(tmp_path)], stdin=-1, stdout=-1, text=True)
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "building\n"
    process.kill()
    process.wait()
    assert dict(data.verify(tmp_path))["digits"] == "not prepared"
    data.prepare("digits", tmp_path, log=heard.append)
    assert "prepared from package" in heard[-1]
    process.stdin.close()
    process.stdout.close()


def test_installed_source_describes_itself():
    assert Installed("sklearn", "scikit-learn").describe() == "installed Python package scikit-learn"
    assert data.sources("digits") == [("package", "installed Python package scikit-learn")]


def test_a_damaged_address_is_a_reason_not_a_crash(tmp_path):
    for url in ("nonsense", "http://localhost:1/x", "file:///no/such/file", "unknown://x/y"):
        with pytest.raises(UnavailableError):
            Remote(url, "md5:0").download(tmp_path)


def test_progress_is_shown_on_a_terminal(site, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    source = published(site)
    source.fetch(tmp_path, lambda _: None)
    assert all((tmp_path / name).read_bytes() == (site / name).read_bytes() for name in FILES)
    shutil.rmtree(site)
