"""Pages of imports: receiving a file, its check with questions and answers, applying and undoing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from geo.errors import GeoError
from inspections.errors import Conflict, InspectionError, Invalid
from inspections.imports import batches, mending, staging
from inspections.imports.batches import AlreadyImported
from inspections.permissions import may
from inspections.terms import ImportJob, ImportState, Kind
from inspections.web import lists
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, only_read, session, settings
from inspections.web.errors import sentence, status_of
from inspections.web.field_words import field, system
from inspections.web.imports import answers as given_answers
from inspections.web.imports import panels, uploads

bp = Blueprint("imports", __name__)
bp.add_app_template_global(field, "field_words")
bp.add_app_template_global(system, "system_words")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/imports")
@officer_may("site.import")
def list_imports() -> ResponseReturnValue:
    """The files received, the newest first, and the form for another."""
    return _show_list()


@bp.post("/imports")
@officer_may("site.import")
def receive_import() -> ResponseReturnValue:
    """Keep a file; its check begins by itself."""
    try:
        with uploads.one_file(request.files.getlist("file")) as (name, file):
            what = request.form.get("what", "")
            batch = batches.receive(
                session(),
                settings().imports,
                file,
                name,
                subject="areas" if what == "areas" else "sites",
                kind="" if what == "areas" else what,
                by=officer(),
                now=now(),
            )
    except AlreadyImported as error:
        return _show_list(error, known=error.batch_id), 409
    except (Invalid, GeoError) as error:
        return _show_list(error), status_of(error)
    return _to(batch.id)


@bp.get("/imports/<uuid:batch_id>")
@officer_may("site.import")
def show_import(batch_id: UUID) -> ResponseReturnValue:
    """One file: how far it has come, what was found in it, what is asked."""
    return _show(batches.get_batch(session(), batch_id, officer()))


@bp.get("/api/imports/<uuid:batch_id>")
@officer_may("site.import")
def show_progress(batch_id: UUID) -> ResponseReturnValue:
    """How far the work on a file is, for the page that waits for it."""
    batch = batches.get_batch(session(), batch_id, officer())
    answer = {"state": batch.state, "job": batch.job, "done": batch.job_done, "total": batch.job_total}
    return jsonify(answer)


@bp.post("/imports/<uuid:batch_id>/check")
@officer_may("site.import")
def check_import(batch_id: UUID) -> ResponseReturnValue:
    """Take answers that concern the whole file, and check it anew."""

    def step(batch: Any) -> None:
        answers = given_answers.read_answers(batch, request.form)
        batches.check_again(session(), batch, answers, by=officer())

    return _take_step(batch_id, step)


@bp.post("/imports/<uuid:batch_id>/answer")
@officer_may("site.import")
def answer_import(batch_id: UUID) -> ResponseReturnValue:
    """Answer a question of one row, or of every row that asks the same."""
    form = request.form

    def step(batch: Any) -> None:
        if batch.state is not ImportState.CHECKED or batch.job is not ImportJob.NONE:
            raise batches.WrongStep
        row = form.get("message", "")
        staging.answer_questions(
            session(),
            batch,
            form.get("code", "")[:60],
            form.get("answer", "")[:40],
            message_pk=int(row) if row.isdecimal() and len(row) < 16 else None,
            reason=form.get("reason", ""),
        )

    return _take_step(batch_id, step, anchor=given_answers.anchor(form.get("back", "")))


@bp.post("/imports/<uuid:batch_id>/stop")
@officer_may("site.import")
def stop_import(batch_id: UUID) -> ResponseReturnValue:
    """Stop the check under way."""
    return _take_step(batch_id, lambda batch: batches.ask_to_stop(session(), batch))


@bp.post("/imports/<uuid:batch_id>/application")
@officer_may("site.import")
def apply_import(batch_id: UUID) -> ResponseReturnValue:
    """Have the accepted rows taken."""
    return _take_step(batch_id, lambda batch: batches.ask_to_apply(session(), batch, by=officer()))


@bp.post("/imports/<uuid:batch_id>/undoing")
@officer_may("site.import")
def undo_import(batch_id: UUID) -> ResponseReturnValue:
    """Have an applied file taken back."""

    def step(batch: Any) -> None:
        batches.ask_to_undo(session(), batch, request.form.get("reason", ""), by=officer())

    return _take_step(batch_id, step)


@bp.post("/imports/<uuid:batch_id>/giving-up")
@officer_may("site.import")
def give_up_import(batch_id: UUID) -> ResponseReturnValue:
    """Forget a file that was not applied."""
    batch = _own(batch_id)
    batches.give_up(session(), settings().imports, batch)
    flash(_("%(name)s was taken away. The register is as it was.", name=batch.file_name))
    return redirect(url_for(".list_imports"), code=303)


@bp.get("/imports/<uuid:batch_id>/refused-rows")
@officer_may("site.import")
def show_refused_rows(batch_id: UUID) -> ResponseReturnValue:
    """The rows that were refused, as a file to mend and send again; only whoever sent it has them."""
    batch = _own(batch_id)
    found = mending.refused_rows(session(), settings().imports, batch, sentence, panels.mending_words())
    return _file(found.data, found.name, found.media_type)


@bp.get("/imports/<uuid:batch_id>/report.json")
@officer_may("site.import")
def show_report(batch_id: UUID) -> ResponseReturnValue:
    """The report: of an applied file as it was kept, else as it stands now."""
    batch = batches.get_batch(session(), batch_id, officer())
    data = mending.report_of(session(), settings().imports, batch, sentence)
    return _file(data, f"{batch.file_name}.json", "application/json")


def _show_list(error: Exception | None = None, known: UUID | None = None) -> str:
    listed = batches.list_batches(session(), officer(), page=lists.page_asked())
    kinds = [kind for kind in Kind if not officer().kinds or kind in officer().kinds]
    return render_template(
        "imports/list.html",
        batches=listed.items,
        names=batches.receivers(session(), listed.items),
        page=lists.paging(listed.total, listed.page, listed.size),
        kinds=kinds,
        may_import_areas=may(officer(), "area.import"),
        chosen=request.form.get("what") or request.args.get("kind", ""),
        refused=error and sentence(error),
        known=known,
        endings=uploads.ENDINGS,
        state_of=panels.state_words,
    )


def _show(batch: Any, refused: str = "") -> str:
    return render_template(
        "imports/show.html",
        refused=refused,
        **panels.of(batch, page=lists.page_asked(), shown=request.args.get("show", "")),
    )


def _own(batch_id: UUID) -> Any:
    """A file that the officer may act on."""
    batch = batches.get_batch(session(), batch_id, officer(), locked=request.method == "POST")
    batches.require_own(batch, officer())
    return batch


def _take_step(batch_id: UUID, step: Callable[[Any], Any], anchor: str = "") -> ResponseReturnValue:
    """Take one step with a file; a refusal is shown on its page."""
    batch = _own(batch_id)
    try:
        with session().begin_nested():
            step(batch)
    except (Invalid, Conflict) as error:
        only_read()
        page = _show(batches.get_batch(session(), batch_id, officer()), refused=_words(error))
        return page, status_of(error)
    return _to(batch_id, anchor)


def _words(error: InspectionError) -> str:
    return sentence(error)


def _to(batch_id: UUID, anchor: str = "") -> ResponseReturnValue:
    return redirect(url_for(".show_import", batch_id=batch_id, _anchor=anchor or None), code=303)


def _file(data: bytes, name: str, media_type: str) -> Response:
    response = Response(data, mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response
