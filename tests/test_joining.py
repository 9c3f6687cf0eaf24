"""What those who join find: workflows that do what a machine of one's own does, templates, a citation that is true."""

import configparser
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from registerwatch import VERSION

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def steps(workflow):
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


def commands():
    for path in WORKFLOWS:
        for step in steps(path.relative_to(ROOT)):
            yield from re.findall(r"(?m)^make ([a-z ]+)$", step.get("run", ""))


def test_workflows_make_what_the_makefile_has():
    asked = {target for line in commands() for target in line.split()}

    assert {"check", "test", "dist", "coverage"} <= asked <= TARGETS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_an_action_of_others_is_named_by_the_commit_that_was_looked_at(path):
    used = re.findall(r"uses: (\S+)(.*)", path.read_text(encoding="utf-8"))

    assert used
    for action, remark in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r"  # v[\d.]+", remark), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_only_uploading_may_say_who_it_is(path):
    workflow = read(path.relative_to(ROOT))
    more = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}

    assert workflow["permissions"] == {"contents": "read"}
    assert more == ({"publish": {"id-token": "write"}} if path.name == "release.yml" else {})


def test_every_python_that_the_metadata_name_is_tested_on_linux_and_one_on_a_mac():
    matrix = read(".github/workflows/test.yml")["jobs"]["test"]["strategy"]["matrix"]
    named = {match[1] for line in PROJECT["classifiers"] if (match := re.search(r":: (3\.\d+)$", line))}

    assert named <= set(matrix["python"])
    assert min(matrix["python"], key=lambda version: int(version[2:])) == PROJECT["requires-python"].removeprefix(">=")
    assert [entry["os"].split("-")[0] for entry in matrix["include"]] == ["macos"]


def test_the_citation_names_this_version_and_licence():
    citation = read("CITATION.cff")

    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert PROJECT["version"] == VERSION
    assert citation["title"] == PROJECT["name"]
    assert citation["abstract"] == PROJECT["description"]


@pytest.mark.parametrize("name", ["bug", "page", "idea"])
def test_a_form_for_issues_asks_for_something(name):
    form = read(f".github/ISSUE_TEMPLATE/{name}.yml")

    assert {"name", "description", "body"} <= form.keys()
    assert any(part.get("validations", {}).get("required") for part in form["body"])
    assert all(part["attributes"]["label"] for part in form["body"])


def test_hooks_are_the_tools_of_make_check():
    hooks = [hook for repo in read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    check = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2].partition("\n\n")[0]

    assert {hook["language"] for hook in hooks} == {"system"}
    for hook in hooks[:3]:
        tool = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert f"$(BIN)/{tool}" in check


def test_editors_are_told_what_ruff_wants():
    told = configparser.ConfigParser()
    told.read_string("[top]\n" + (ROOT / ".editorconfig").read_text(encoding="utf-8"))
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["line-length"]

    assert int(told["*.py"]["max_line_length"]) == wanted
    assert told["Makefile"]["indent_style"] == "tab"


def test_there_is_a_policy_and_it_says_where_to_write_and_by_when():
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")

    assert "## Reporting" in policy
    assert "within seven days" in policy
    assert "email" in PROJECT["authors"][0]
