# 64-bit ARM from another processor; tests run in qemu.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
find_program(
  CMAKE_CXX_COMPILER
  NAMES aarch64-linux-gnu-g++ aarch64-linux-gnu-g++-15 aarch64-linux-gnu-g++-14 aarch64-linux-gnu-g++-13
        aarch64-linux-gnu-g++-12)
find_program(CMAKE_CROSSCOMPILING_EMULATOR NAMES qemu-aarch64 qemu-aarch64-static)
if(NOT CMAKE_CXX_COMPILER OR NOT CMAKE_CROSSCOMPILING_EMULATOR)
  message(FATAL_ERROR "This needs a cross-compiler and qemu (Debian and Ubuntu: g++-aarch64-linux-gnu qemu-user).")
endif()
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
