"""What runs many evaluations: checking submissions, and leaderboards."""

from gazesearch.studies.leaderboard import Board
from gazesearch.studies.leaderboard_entries import About, Entry
from gazesearch.studies.leaderboard_opening import create_board, open_board
from gazesearch.studies.leaderboard_standings import Row, Standings
from gazesearch.studies.remarks import Grade, Remark
from gazesearch.studies.submission import Check, check_submission

__all__ = [
    "About",
    "Board",
    "Check",
    "Entry",
    "Grade",
    "Remark",
    "Row",
    "Standings",
    "check_submission",
    "create_board",
    "open_board",
]
