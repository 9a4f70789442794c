"""URLs of review."""

from django.urls import URLPattern, path

from review.views import decide, verdicts

app_name = "review"
urlpatterns: list[URLPattern] = [
    path("review/verdicts/", verdicts.verdicts, name="verdicts"),
    path("review/verdicts/decide/", decide.decide, name="decide"),
    path("review/verdicts/<int:pk>/undo/", decide.undo, name="undo"),
    path("review/pairs/<str:first>/<str:second>/", verdicts.pair, name="pair"),
]
