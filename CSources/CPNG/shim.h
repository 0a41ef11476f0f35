#pragma once
#include <png.h>

// The formats of the simplified API are macros with casts, which Swift does not import.
static const png_uint_32 kirchhoff_png_format_gray = PNG_FORMAT_GRAY;
static const png_uint_32 kirchhoff_png_format_rgb = PNG_FORMAT_RGB;
static const png_uint_32 kirchhoff_png_flag_color = PNG_FORMAT_FLAG_COLOR;
