import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0002_review_desk"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DuplicateBulk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10, verbose_name="decision")),
                ("merges", models.BooleanField(default=False, verbose_name="merges what is known")),
                ("plan", models.JSONField(verbose_name="plan")),
                ("author_name", models.CharField(max_length=150, verbose_name="author")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "running"),
                            ("ready", "done"),
                            ("failed", "failed"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("num_done", models.PositiveIntegerField(default=0)),
                ("num_skipped", models.PositiveIntegerField(default=0)),
                ("num_total", models.PositiveIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="asked for")),
                ("heartbeat_at", models.DateTimeField(auto_now=True)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account of the author",
                    ),
                ),
                (
                    "undoes",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="review.duplicatebulk",
                        verbose_name="undoes",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision about many groups",
                "verbose_name_plural": "decisions about many groups",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="duplicatedecision",
            name="bulk",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="review.duplicatebulk",
                verbose_name="decision about many",
            ),
        ),
        migrations.AddField(
            model_name="duplicategroup",
            name="decision",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="groups",
                to="review.duplicatedecision",
                verbose_name="decision",
            ),
        ),
        migrations.AddField(
            model_name="duplicatescan",
            name="seen",
            field=models.JSONField(default=dict),
        ),
    ]
