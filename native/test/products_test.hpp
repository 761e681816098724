#pragma once
#include <functional>
#include <string>

namespace fewpoints {

using Expect = std::function<void(bool condition, const std::string& what)>;
void test_products(const Expect& expect);

}  // namespace fewpoints
