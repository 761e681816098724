// Runs stored inputs (files, or folders of them) through the property of a fuzzer, without libFuzzer. Exits with 1 when
// there is no input. When an input fails, the property ends the program; the last name printed is that of the input.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
  int files = 0;
  for (int i = 1; i < count; i++) {
    const std::filesystem::path path(arguments[i]);
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::directory_iterator(path)) {
        run(entry.path());
        files++;
      }
    } else if (std::filesystem::exists(path)) {
      run(path);
      files++;
    }
  }
  std::printf("%d inputs\n", files);
  return files > 0 ? 0 : 1;
}
