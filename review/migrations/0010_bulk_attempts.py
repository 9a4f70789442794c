from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0009_adjudicating_verdicts")]

    operations = [
        migrations.AddField(
            model_name="duplicatebulk",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="attempts"),
        ),
    ]
