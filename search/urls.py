"""URLs of search and status."""

from django.urls import path

from search.views import collection_weights, images, lab, map_data, map_page, results, status, upload, weights

app_name = "search"
urlpatterns = [
    path("search/", results.results, name="results"),
    path("search/upload/", upload.upload, name="upload"),
    path("search/query/<uuid:pk>/status/", upload.query_status, name="query_status"),
    path("search/query/<uuid:pk>/retry/", upload.query_retry, name="query_retry"),
    path("search/query/<uuid:pk>/preview.webp", upload.query_preview, name="query_preview"),
    path("search/images/<id:pk>/strip/", images.strip, name="strip"),
    path("search/images/<id:pk>/features/", images.feature_status, name="feature_status"),
    path("status/", status.status, name="status"),
    path("status/banner/", status.banner, name="banner"),
    path("status/retry/", status.retry, name="retry"),
    path("status/rebuild/", status.rebuild, name="rebuild"),
    path("lab/", lab.lab, name="lab"),
    path("lab/progress/", lab.progress, name="lab_progress"),
    path("lab/start/", lab.start, name="lab_start"),
    path("lab/<id:pk>/stop/", lab.stop, name="lab_stop"),
    path("lab/<id:pk>/retry/", lab.retry, name="lab_retry"),
    path("lab/weights/", weights.weights, name="weights"),
    path("lab/weights/progress/", weights.progress, name="weights_progress"),
    path("lab/weights/learn/", weights.learn, name="weights_learn"),
    path("lab/weights/reset/", weights.reset, name="weights_reset"),
    path("lab/weights/<id:pk>/retry/", weights.retry, name="weights_retry"),
    path("lab/weights/<id:pk>/use/", weights.use, name="weights_use"),
    path("collections/<id:pk>/weights/", collection_weights.collection_weights, name="collection_weights"),
    path("map/", map_page.library_map, name="map"),
    path("map/points/", map_data.points, name="map_points"),
    path("map/sprites/", map_data.sprites, name="map_sprites"),
    path("map/tiles/", map_data.tiles, name="map_tiles"),
    path("map/images/<id:pk>/", map_data.card, name="map_card"),
    path("map/state/", map_page.state, name="map_state"),
    path("map/draw/", map_page.draw, name="map_draw"),
    path("readyz", status.readyz, name="readyz"),
]
