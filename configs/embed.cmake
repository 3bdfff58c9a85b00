# cmake -DROOT=... -DOUT=... -P embed.cmake: writes every catalogue file as a string literal into one C++ file.
set(entries "")
foreach(pair "model;configs/models" "gpu;hw_profiles/gpus" "cluster;hw_profiles/clusters" "kernels;hw_profiles/kernels"
    "sweep;configs/sweeps")
  list(GET pair 0 kind)
  list(GET pair 1 folder)
  file(GLOB files RELATIVE ${ROOT} ${ROOT}/${folder}/*.yaml)
  list(SORT files)
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WLE)
    file(READ ${ROOT}/${file} text)
    string(APPEND entries "    {Kind::${kind}, \"${name}\", \"${file}\", R\"ITHACA(${text})ITHACA\"},\n")
  endforeach()
endforeach()
file(WRITE ${OUT}.new "#include \"configs/reader/catalogue_data.hpp\"

namespace ithaca {

const std::vector<CatalogueFile>& catalogue() {
  static const std::vector<CatalogueFile> files{
${entries}  };
  return files;
}

}  // namespace ithaca
")
file(COPY_FILE ${OUT}.new ${OUT} ONLY_IF_DIFFERENT)
