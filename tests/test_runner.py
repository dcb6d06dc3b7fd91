"""Runs: the same bits whatever the threads, chunks and folders, and folders that say what is wrong."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh import _core, runner
from alvh.errors import AlvhError, RunError, SpecError
from alvh.run_folder import RunFolder
from run_samples import CHUNK, PATHS, command, files, manifest, refused, stamps, task

TASK = task()
MEMORY = runner.run(TASK)
DIGESTS = MEMORY.manifest["digests"]


def digests(of=TASK, **options):
    return runner.run(of, **options).manifest["digests"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    runner.run(TASK, out=folder)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A finished run to spoil."""
    return shutil.copytree(finished, tmp_path / "run")


# The same bits


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_bit(threads):
    assert digests(threads=threads) == DIGESTS


@given(st.permutations(range(TASK.chunks)))
@settings(max_examples=5, deadline=None)
def test_order_of_chunks_changes_no_bit(order):
    assert digests(order=order) == DIGESTS


@pytest.mark.parametrize("chunk", [7, 100, PATHS, 10_000])
def test_chunk_size_changes_no_bit(chunk):
    assert digests(task(chunk=chunk)) == DIGESTS


@pytest.mark.parametrize("size", [5, 33, 64])
def test_slice_size_changes_no_bit(size, monkeypatch):
    monkeypatch.setattr(runner, "SLICE", size)
    assert digests(task(chunk=CHUNK * 2)) == DIGESTS


def test_folder_and_memory_give_the_same_bits_and_rows(folder):
    stored = runner.load(folder)
    assert stored.manifest["digests"] == DIGESTS
    assert stored.manifest["parts"] == MEMORY.manifest["parts"]
    assert stored.frame.collect().equals(MEMORY.frame.collect())
    assert digests(out=folder.with_name("other"), order=[3, 1, 0, 4, 2], threads=2) == DIGESTS


def test_fewer_paths_are_the_first_of_more():
    few = runner.run(task(paths=70)).frame.collect()
    assert few.equals(MEMORY.frame.collect().head(few.height))


def test_another_seed_gives_other_bits():
    assert digests(task(seed=4)) != DIGESTS


def test_progress_counts_every_path_once(tmp_path):
    for out in (None, tmp_path / "run"):
        counts = []
        runner.run(TASK, out=out, advance=counts.append)
        assert sum(counts) == PATHS
    counts = []
    runner.run(TASK, out=tmp_path / "run", resume=True, advance=counts.append)
    assert sum(counts) == PATHS


# What a folder holds


def test_manifest_says_what_determined_the_figures(folder):
    found = manifest(folder)
    assert found["alvh"] == _core.__version__
    assert found["status"] == "complete"
    assert found["plan"] == TASK.digest
    assert found["simd"] == _core.simd_variant()
    assert (found["paths"], found["chunk"], found["chunks"]) == (PATHS, CHUNK, 5)
    assert list(found["digests"]) == [
        "plain@0.1",
        "martingale_add@0.1",
        "plain@0.7",
        "martingale_add@0.7",
    ]
    assert files(folder) == {".lock", "plan.json", "manifest.json"} | {
        f"parts/part-{index:05d}.parquet" for index in range(5)
    }


def test_part_is_keyed_by_path_and_book(folder):
    part = pl.read_parquet(folder / "parts/part-00004.parquet")
    assert part.columns[:2] == ["path", "book"]
    assert part.schema["path"] == pl.Int64
    assert part.schema["book"] == pl.Int16
    assert set(part.schema.dtypes()[2:]) == {pl.Float64()}
    assert part["path"].to_list() == [path for path in range(256, 300) for _ in range(4)]
    assert part["book"].to_list() == [0, 1, 2, 3] * 44


def test_shares_that_print_alike_have_their_own_digest():
    found = digests(task(shares=(0.1, 0.10000001), paths=8))
    assert len(found) == 4


def test_folder_name_may_look_like_a_pattern(tmp_path):
    odd = tmp_path / "run [1]*?"
    assert runner.run(TASK, out=odd).frame.collect().height == PATHS * 4
    assert runner.verify(odd)


# Resume and overwrite


def test_resume_computes_only_what_is_missing(folder):
    before = stamps(folder)
    for name in ("part-00001.parquet", "part-00004.parquet"):
        (folder / "parts" / name).unlink()
        del before[name]
    assert digests(out=folder, resume=True) == DIGESTS
    after = stamps(folder)
    assert len(after) == 5
    assert before.items() <= after.items()


def test_resume_of_a_finished_run_touches_nothing(folder):
    def state():
        return {each: (folder / each).stat().st_mtime_ns for each in files(folder) - {".lock"}}

    before = state()
    assert digests(out=folder, resume=True) == DIGESTS
    assert state() == before


def test_resume_sweeps_what_was_half_written(folder):
    for name in ("parts/part-00002.parquet.tmp", "manifest.json.tmp", "plan.json.tmp"):
        (folder / name).write_bytes(b"half")
    runner.run(TASK, out=folder, resume=True)
    assert not [name for name in files(folder) if name.endswith(".tmp")]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (task(seed=4), "another plan"),
        (task(paths=PATHS - 1), "another plan"),
        (task(chunk=CHUNK + 1), "begun with 64 paths a part"),
    ],
)
def test_resume_of_another_task_is_refused(folder, other, words):
    before = stamps(folder)
    with pytest.raises(RunError, match=words):
        runner.run(other, out=folder, resume=True)
    assert stamps(folder) == before


@pytest.mark.parametrize(("key", "words"), [("alvh", "0.0.0"), ("simd", "SIMD variant 0.0.0")])
def test_resume_of_another_version_or_variant_is_refused(folder, key, words):
    changed(folder, **{key: "0.0.0"})
    with pytest.raises(RunError, match=words):
        runner.run(TASK, out=folder, resume=True)


def test_resume_that_finds_altered_parts_is_refused(folder):
    (folder / "parts/part-00004.parquet").unlink()
    part = folder / "parts/part-00000.parquet"
    pl.read_parquet(part).with_columns(pl.col("nav") + 1).write_parquet(part)
    with pytest.raises(RunError, match="altered"):
        runner.run(TASK, out=folder, resume=True)


def test_second_run_needs_resume_or_overwrite(folder):
    with pytest.raises(RunError, match="--resume, --overwrite or another folder"):
        runner.run(TASK, out=folder)


def test_overwrite_removes_what_the_run_wrote_and_nothing_else(folder):
    foreign = {"notes.txt", "tables/mine.parquet", "parts/part-x.parquet", "parts/notes.tmp", "arms/b.toml"}
    RunFolder(folder).write_beside(
        {
            "tables/ladder.parquet": lambda path: path.write_text("1"),
            "arms/a.toml": lambda path: path.write_text("2"),
        }
    )
    for name in foreign:
        (folder / name).write_text("mine")
    few = task(paths=CHUNK)
    assert digests(few, out=folder, overwrite=True) == digests(few)
    assert files(folder) == foreign | {".lock", "plan.json", "manifest.json", "parts/part-00000.parquet"}
    assert {(folder / name).read_text() for name in foreign} == {"mine"}


def test_overwrite_leaves_no_empty_folder_of_tables(folder):
    RunFolder(folder).write_beside({"tables/ladder.parquet": lambda path: path.write_text("1")})
    runner.run(TASK, out=folder, overwrite=True)
    assert not (folder / "tables").exists()


@pytest.mark.parametrize("option", ["overwrite", "resume", None])
def test_folder_of_something_else_is_left_alone(tmp_path, option):
    for name in ("tables/mine.parquet", "parts/part-00000.parquet", "photo.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    with pytest.raises(RunError, match="not the folder of a run, and not empty"):
        runner.run(TASK, out=tmp_path, **({option: True} if option else {}))
    assert files(tmp_path) == {"tables/mine.parquet", "parts/part-00000.parquet", "photo.jpg"}


def test_parts_without_a_manifest_are_not_taken_for_ours(folder):
    (folder / "manifest.json").unlink()
    for option in ("overwrite", "resume"):
        with pytest.raises(RunError, match="parts/part-"):
            runner.run(TASK, out=folder, **{option: True})


def test_run_that_died_before_its_manifest_begins_anew(tmp_path):
    (tmp_path / "parts").mkdir()
    for name in (".lock", "plan.json", "manifest.json.tmp", "parts/part-00000.parquet.tmp"):
        (tmp_path / name).write_text("{")
    assert digests(out=tmp_path, resume=True) == DIGESTS
    assert not [name for name in files(tmp_path) if name.endswith(".tmp")]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "a web application"}', '{"status": "complete"}'])
@pytest.mark.parametrize("option", ["overwrite", "resume"])
def test_foreign_or_broken_manifest_is_refused(folder, text, option):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(RunError, match=r"manifest\.json: not the manifest of a run"):
        runner.run(TASK, out=folder, **{option: True})
    assert len(stamps(folder)) == 5


def test_manifest_cannot_name_files_elsewhere(folder):
    changed(folder, files=["tables/../../precious.parquet"])
    with pytest.raises(RunError, match="not the manifest of a run"):
        runner.run(TASK, out=folder, overwrite=True)


def test_failure_while_writing_leaves_no_trace(folder):
    def fail(path):
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RunFolder(folder).write_beside({"tables/ladder.parquet": fail})
    assert not [name for name in files(folder) if "ladder" in name]


@pytest.mark.parametrize(
    "options",
    [
        {"resume": True},
        {"overwrite": True},
        {"order": [0, 1]},
        {"order": [0, 1, 2, 3, 3]},
        {"threads": -1},
        {"threads": 10**6},
    ],
)
def test_options_without_sense_are_refused(options):
    with pytest.raises(SpecError):
        runner.run(TASK, **options)


def test_resume_and_overwrite_exclude_each_other(folder):
    with pytest.raises(SpecError, match="one of them"):
        runner.run(TASK, out=folder, resume=True, overwrite=True)


@pytest.mark.parametrize(
    "options",
    [{"capital": float("inf")}, {"shares": (0.1, 0.1)}, {"shares": (float("inf"),)}, {"seed": 2**64}]
    + [{name: 0} for name in ("paths", "chunk")],
)
def test_task_without_sense_is_refused(options):
    with pytest.raises(SpecError, match=next(iter(options))):
        _ = task(**options).text


def test_out_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file/run"):
        with pytest.raises(RunError, match="cannot be the folder of a run"):
            runner.run(TASK, out=out)


# Verification


def test_verify_accepts_what_was_computed(folder):
    assert runner.verify(folder, chunks=5, threads=1) == [0, 1, 2, 3, 4]
    assert len(runner.verify(folder)) == 2


def rewritten(path, change):
    pl.read_parquet(path).pipe(change).write_parquet(path)


def one_bit(frame):
    nav = frame["nav"].to_numpy().copy()
    nav[17] = np.nextafter(nav[17], np.inf)
    return frame.with_columns(nav=nav)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: rewritten(path, one_bit),
        lambda path: rewritten(path, lambda frame: frame.head(10)),
        lambda path: rewritten(path, lambda frame: frame.reverse()),
        lambda path: rewritten(path, lambda frame: frame.drop("nav")),
        lambda path: rewritten(path, lambda frame: frame.cast({"nav": pl.Float32})),
        lambda path: rewritten(path, lambda frame: frame.with_columns(path=pl.col("path") + 1)),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("text"),
        lambda path: path.unlink(),
        lambda path: shutil.copy(path.with_name("part-00001.parquet"), path),
    ],
)
def test_verify_names_the_altered_part(folder, spoil):
    spoil(folder / "parts/part-00003.parquet")
    with pytest.raises(RunError, match=r"part-00003\.parquet: "):
        runner.verify(folder)


def test_verify_computes_again_and_compares(folder):
    """Parts and manifest altered together keep the digests; only computing again tells."""
    rewritten(folder / "parts/part-00000.parquet", one_bit)
    opened = RunFolder(folder)
    plan = _core.Plan(TASK.text)
    opened.write_manifest(manifest(folder) | runner._finish(plan, runner._parts(opened, TASK, plan)))
    with pytest.raises(RunError, match=r"part-00000\.parquet: computed again, the figures differ"):
        runner.verify(folder, chunks=5)


def test_verify_refuses_another_plan(folder):
    plan = json.loads((folder / "plan.json").read_text())
    plan["capital"] += 1
    (folder / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(RunError, match=r"plan\.json: does not match the manifest"):
        runner.verify(folder)


@pytest.mark.parametrize("text", [None, "", "{"])
def test_broken_plan_is_refused(folder, text):
    (folder / "plan.json").unlink()
    if text is not None:
        (folder / "plan.json").write_text(text)
    with pytest.raises(RunError, match=r"plan\.json"):
        runner.stored_task(folder)


def test_unfinished_run_is_refused(folder):
    changed(folder, status="running")
    for use in (runner.load, runner.verify):
        with pytest.raises(RunError, match="not finished: run the same command with --resume"):
            use(folder)


def test_folder_without_a_run_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        for use in (runner.load, runner.verify, runner.stored_task):
            with pytest.raises(RunError, match=r"no manifest\.json: not the folder of a run"):
                use(path)


def changed(folder, **keys):
    (folder / "manifest.json").write_text(json.dumps(manifest(folder) | keys))


@given(st.binary(max_size=40), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_any_damage_to_a_manifest_is_an_error_in_words(finished, junk, where):
    text = (finished / "manifest.json").read_bytes()
    where %= len(text)
    damaged = finished.with_name("damaged")
    damaged.mkdir(exist_ok=True)
    (damaged / "manifest.json").write_bytes(text[:where] + junk + text[where + len(junk) :])
    try:
        RunFolder(damaged).manifest()
    except AlvhError as error:
        assert "manifest.json" in str(error)  # noqa: PT017 -- harmless damage passes


# SIMD variants


@pytest.mark.skipif(_core.simd_variant() == "baseline", reason="needs a run of another variant")
def test_run_of_another_simd_variant_is_refused_with_the_mend(folder):
    own = _core.simd_variant()
    words = refused("verify", folder, ALVH_SIMD="baseline")
    assert f"computed with the SIMD variant {own}, this process uses baseline" in words
    assert f"set ALVH_SIMD={own}" in words
    assert command("verify", folder, ALVH_SIMD=own).returncode == 0


@pytest.mark.skipif("avx2" not in _core.simd_variants(), reason="this processor has no AVX2")
def test_wider_vectors_give_the_same_bits(folder):
    for variant in [name for name in _core.simd_variants() if name != "baseline"]:
        assert command("verify", folder, ALVH_SIMD=variant).returncode == 0
