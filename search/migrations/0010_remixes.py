from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("search", "0009_generations_and_maps"),
    ]

    operations = [
        migrations.AlterField(
            model_name="evaluation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("labels", "Labels"),
                    ("copies", "Edited copies"),
                    ("remixes", "Remixes"),
                    ("verdicts", "Verdicts"),
                ],
                max_length=8,
                verbose_name="measured by",
            ),
        ),
    ]
