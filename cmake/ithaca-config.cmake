# find_package(ithaca): ithaca::model (quantities, costs, the planner), ithaca::configs (reads models, clusters and the
# catalogue), ithaca::sim (the event engine), ithaca::validate (measurements). Headers are named from the root: model/plan.hpp.
include(CMakeFindDependencyMacro)
find_dependency(fmt 9)
find_dependency(EXPAT)
find_dependency(Threads)
find_dependency(yaml-cpp)
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/ithaca-targets.cmake)
