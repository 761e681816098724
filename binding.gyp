{
  'targets': [{
    'target_name': 'fewpoints',
    'type': 'none',
    'actions': [{
      'action_name': 'cmake_js',
      'inputs': ['native/CMakeLists.txt'],
      # Never made, so that the action always runs: CMake knows better what is out of date.
      'outputs': ['<(PRODUCT_DIR)/.always'],
      'action': ['node', 'native/build.mjs'],
      'message': 'Building the native addon with CMake'
    }]
  }]
}
