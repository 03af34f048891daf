# For the SDK's simulator on Linux: its own makefile, and the core with its port as a library from our
# CMakeLists.txt. $(WEBRTC_NATIVE) is this folder (manifest.json).
WEBRTC_NATIVE_BUILD = $(TMP_DIR)/webrtc-native
WEBRTC_NATIVE_LIBRARY = $(WEBRTC_NATIVE_BUILD)/libwebrtc-native.a
OBJECTS += $(WEBRTC_NATIVE_LIBRARY)

include $(MODDABLE)/tools/mcconfig/make.lin.mk

LINK_LIBRARIES += $(shell $(PKGCONFIG) --libs opus) -lmbedtls -lmbedx509 -lmbedcrypto
ifeq ($(shell $(PKGCONFIG) --exists alsa && echo yes),yes)
LINK_LIBRARIES += $(shell $(PKGCONFIG) --libs alsa)
endif

# CMake knows what has changed; the library's time tells whether anything has.
$(WEBRTC_NATIVE_LIBRARY): webrtc-native-always
	@echo "# cmake webrtc-native"
	+cmake -S $(WEBRTC_NATIVE) -B $(WEBRTC_NATIVE_BUILD) -DCMAKE_BUILD_TYPE=RelWithDebInfo > $(TMP_DIR)/webrtc-native.log
	+cmake --build $(WEBRTC_NATIVE_BUILD) >> $(TMP_DIR)/webrtc-native.log

.PHONY: webrtc-native-always
