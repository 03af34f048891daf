# For ESP32: the SDK's own makefile, and this folder as a component of the ESP-IDF project. Only the
# binding (xs/) is compiled by the SDK's rules. $(WEBRTC_NATIVE) is this folder (manifest.json).
include $(MODDABLE)/tools/mcconfig/make.esp32.mk

IDF_BUILD_OPTIONS += -D EXTRA_COMPONENT_DIRS=$(WEBRTC_NATIVE)
