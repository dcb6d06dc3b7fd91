"""Every iron condor of a chain, scored, and the best of them by any figure (C1, C19, R22)."""

from alvh.scoring.job import COLUMNS, ScoreJob, score
from alvh.scoring.scores import Scores
from alvh.scoring.streaming import FileScores, score_files

__all__ = ["COLUMNS", "FileScores", "ScoreJob", "Scores", "score", "score_files"]
