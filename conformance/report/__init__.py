"""What came of a run and how it is told: ``results`` is the data, ``words`` describes failures, others are formats."""

from .results import Asked, Failure, FamilyReport, Report, SubjectReport

__all__ = ["Asked", "Failure", "FamilyReport", "Report", "SubjectReport"]
