# ph_embed(TARGET SYMBOL FILE...): the text of the files, one after the other, as `const char SYMBOL[]`, NUL-terminated, in
# TARGET.
if(CMAKE_SCRIPT_MODE_FILE)
  foreach(file ${INPUT})
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," octets "${hex}")
    string(APPEND all "${octets}")
  endforeach()
  file(WRITE ${OUTPUT} "extern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {${all}0};\n")
  return()
endif()

set(PH_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(ph_embed target symbol)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE input)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(OUTPUT ${output} DEPENDS ${input} ${PH_EMBED_SCRIPT} VERBATIM
    COMMAND ${CMAKE_COMMAND} "-DINPUT=${input}" -DOUTPUT=${output} -DSYMBOL=${symbol} -P ${PH_EMBED_SCRIPT})
  target_sources(${target} PRIVATE ${output})
endfunction()
