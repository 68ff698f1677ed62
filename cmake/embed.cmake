# ph_embed(TARGET FILE SYMBOL): the file's text as `const char SYMBOL[]`, NUL-terminated, in TARGET.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${INPUT} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," octets "${hex}")
  file(WRITE ${OUTPUT} "extern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {${octets}0};\n")
  return()
endif()

set(PH_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(ph_embed target file symbol)
  set(input ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(OUTPUT ${output} DEPENDS ${input} ${PH_EMBED_SCRIPT} VERBATIM
    COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DSYMBOL=${symbol} -P ${PH_EMBED_SCRIPT})
  target_sources(${target} PRIVATE ${output})
endfunction()
