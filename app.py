"""Assembly only: settings, database, blueprints, error handlers, commands."""

import io
import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import click
from flask import Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

import accounts.api
import accounts.api_preferences
import accounts.api_roles
import accounts.api_site
import accounts.api_users
import accounts.cli
import accounts.pages
import accounts.pages_claim
import accounts.pages_people
import collector.api_app_users
import collector.api_attachments
import collector.api_audits
import collector.api_changes
import collector.api_comments
import collector.api_datasets
import collector.api_export_jobs
import collector.api_exports
import collector.api_forms
import collector.api_geojson
import collector.api_odata
import collector.api_projects
import collector.api_review
import collector.api_scopes
import collector.api_search
import collector.api_submissions
import collector.api_versions
import collector.cli
import collector.pages
import collector.pages_deliveries
import collector.pages_encrypted
import collector.pages_exports
import collector.pages_form_draft
import collector.pages_form_library
import collector.pages_form_publish
import collector.pages_form_trial
import collector.pages_form_versions
import collector.pages_forms
import collector.pages_people
import collector.pages_phones
import collector.pages_submissions
import collector.pages_waiting
import config.api_docs
import config.backup_cli
import forms.api
import forms.api_assignments
import forms.api_draft
import forms.api_key
import forms.api_public_links
import forms.api_versions
import forms.cli
import sync.api
import sync.api_evidence
import sync.api_reviewing
import sync.api_webhooks
import sync.cli
import sync.pages
import sync.pages_evidence
import sync.pages_merge
import sync.pages_submission
from accounts.key_addresses import read_keys
from accounts.signed_in import api_caller, current_account, page_csrf_token
from collector.errors import no_space
from collector.key_lane import key_lane
from collector.manifest_lane import manifest_lane
from collector.openrosa import is_phone_path, openrosa, phone_language, problem_response
from collector.tally import before_commit
from config import api_answers
from config.api_edge import judge_request
from config.api_errors import missing_version, unexpected_version
from config.commands import Group, inside
from config.database import Database, db, engine_options, prepare_folder
from config.health import health
from config.logs import init_logging
from config.pages import init_pages, problem_of, problem_page
from config.problem import Problem
from config.secret import load_secret
from config.segments import NumberConverter, SegmentConverter, keep_slashes
from config.services import Services
from config.settings import SettingError, Settings, load
from config.storage import DISK_FULL, open_storage
from forms.first_start import prepare_database
from sync.serving import run_server

log = logging.getLogger("relais")
VERSIONED = re.compile(r"/v\d+(/|$)")
OTHER_VERSION = re.compile(r"/v(?!1/)(\d+)/")


def create_app(settings: Settings | None = None) -> Flask:
    """The application with its database open; migrating and serving are the commands' business."""
    settings = settings or load()
    try:
        prepare_folder(settings.data)
    except OSError as error:
        raise SettingError(f"RELAIS_DATA: {settings.data} cannot be used ({error.strerror}).") from error
    app = Flask("relais", static_folder=None, template_folder=None)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database),
        MAX_CONTENT_LENGTH=None,
    )
    init_logging(settings)
    db.init_app(app)
    with app.app_context():
        database = Database(db.engine, before_commit)
    app.extensions["relais"] = Services(settings, load_secret(settings), database, open_storage(settings))
    app.url_map.converters.update(segment=SegmentConverter, int=NumberConverter)
    opened = partial(app.extensions.__getitem__, "relais")
    ordinary_way = keep_slashes(read_keys(app.wsgi_app))
    app.wsgi_app = key_lane(manifest_lane(ordinary_way, opened), opened)  # type: ignore[method-assign, assignment]
    init_pages(app, language=settings.language, csrf_token=page_csrf_token, account=current_account)
    # What stands on pages of a project besides the parts that the pages themselves know.
    app.jinja_env.globals["more_parts"] = (sync.pages.project_part,)
    app.jinja_env.globals["more_of_submission"] = (("sync/of_submission.html", sync.pages_submission.of_submission),)
    app.jinja_env.globals["duplicates_to_decide"] = sync.pages.to_decide
    app.jinja_env.globals["beside_submission"] = (("sync/seen.html", sync.pages_evidence.seen_beside),)
    app.before_request(database.writer.asked)
    app.before_request(partial(judge_request, is_phone_path, api_caller))
    app.after_request(api_answers.finish)
    for blueprint in (openrosa, health, *BLUEPRINTS):
        app.register_blueprint(blueprint)
    app.register_error_handler(Problem, _show_problem)
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(Exception, _show_unexpected)
    return app


COMMANDS = (
    accounts.cli.project,
    accounts.cli.web_user,
    accounts.cli.app_user,
    forms.cli.form,
    collector.cli.export_form,
    collector.cli.check,
    config.backup_cli.backup,
    config.backup_cli.restore,
    sync.cli.matching,
)
BLUEPRINTS = (
    config.api_docs.api,
    accounts.api.api,
    accounts.api_users.api,
    accounts.api_preferences.api,
    accounts.api_roles.api,
    accounts.api_site.api,
    accounts.pages.pages,
    accounts.pages_claim.pages,
    accounts.pages_people.pages,
    forms.api.api,
    forms.api_assignments.api,
    forms.api_draft.api,
    forms.api_key.api,
    forms.api_versions.api,
    forms.api_public_links.api,
    collector.api_export_jobs.api,
    collector.api_exports.api,
    collector.api_odata.api,
    collector.api_forms.api,
    collector.api_projects.api,
    collector.api_submissions.api,
    collector.api_submissions.test_api,
    collector.api_review.api,
    collector.api_geojson.api,
    collector.api_scopes.api,
    collector.api_search.api,
    collector.api_changes.api,
    sync.api_webhooks.api,
    collector.api_versions.api,
    collector.api_attachments.api,
    collector.api_comments.api,
    collector.api_datasets.api,
    collector.api_app_users.api,
    collector.api_audits.api,
    sync.api.api,
    sync.api_evidence.api,
    sync.api_reviewing.api,
    collector.pages.pages,
    collector.pages_exports.pages,
    collector.pages_encrypted.pages,
    collector.pages_forms.pages,
    collector.pages_form_library.pages,
    collector.pages_form_draft.pages,
    collector.pages_form_trial.pages,
    collector.pages_form_publish.pages,
    collector.pages_form_versions.pages,
    collector.pages_submissions.pages,
    collector.pages_waiting.pages,
    collector.pages_phones.pages,
    collector.pages_people.pages,
    collector.pages_deliveries.pages,
    sync.pages.pages,
    sync.pages_merge.pages,
    sync.pages_evidence.pages,
)


def _show_problem(problem: Problem) -> ResponseReturnValue:
    """One problem, as whoever asked can read it: a phone, a program, a person."""
    if is_phone_path(request.path):
        return problem_response(problem, phone_language())
    if VERSIONED.match(request.path):
        return _in_json(problem)
    if problem.code == 401.2:
        return accounts.pages.sign_in_page(401)
    return problem_page(problem, reference=f"R-{problem.code:g}")


def _is_program_lost() -> bool:
    """Whether a program, not a browser or a phone, asked for an address without the version that programs' begin with."""
    if VERSIONED.match(request.path) or is_phone_path(request.path):
        return request.path == "/v1"
    return "text/html" not in request.headers.get("Accept", "")


def _in_json(problem: Problem) -> Response:
    response = jsonify(problem.as_json())
    response.status_code = problem.status
    response.content_type = "application/json; charset=utf-8"
    response.headers.extend(problem.headers)
    return response


def _show_http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    version = OTHER_VERSION.match(request.path)
    if version is not None:
        return _show_problem(unexpected_version(version[1]))
    if error.code == 404 and _is_program_lost():
        return _in_json(missing_version())
    if error.code == 405 and request.path.startswith("/v1/"):
        # As ODK Central: what cannot be asked for this way is not there.
        return _in_json(problem_of(404))
    response = _show_problem(problem_of(error.code))
    valid = getattr(error, "valid_methods", None)
    if valid and isinstance(response, Response):
        response.headers["Allow"] = ", ".join(sorted(valid))
    return response


def _show_unexpected(error: Exception) -> ResponseReturnValue:
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        log.error("no space left for %s", request.path)
        return _show_problem(no_space() if is_phone_path(request.path) else problem_of(503))
    reference = secrets.token_hex(2).upper()
    log.error("unexpected error %s", reference, exc_info=error)
    problem = problem_of(500)
    problem.details = {"reference": reference}
    if is_phone_path(request.path) or request.path.startswith("/v1"):
        return _show_problem(problem)
    return problem_page(problem, reference=f"R-500 · {reference}")


@click.group(cls=Group)
@click.option("--json", "_json", is_flag=True, help="The result alone on standard output (it always is).")
def cli(_json: bool) -> None:
    """Relais: a survey and data-collection server for places where the network is a rumour."""


@contextmanager
def _opened() -> Iterator[None]:
    app = create_app()
    opened: Services = app.extensions["relais"]
    with app.app_context(), closing(opened.database):
        prepare_database(opened)
        yield


@click.command()
def serve() -> None:
    """Serve phones and people until Ctrl-C."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy hides it
    run_server(app, app.extensions["relais"])


for command in (serve, *COMMANDS):
    cli.add_command(inside(_opened, command))


def main() -> None:
    """The console command `relais`; `--json` may stand anywhere."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names, sentences and the drawn code are UTF-8 whatever the machine's locale believes.
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    cli(args=arguments, prog_name="relais")
