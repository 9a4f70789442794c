from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0007_adjudicated_readings")]

    operations = [
        migrations.AddField(
            model_name="duplicatescan",
            name="seconds",
            field=models.FloatField(default=0.0, verbose_name="seconds"),
        ),
    ]
