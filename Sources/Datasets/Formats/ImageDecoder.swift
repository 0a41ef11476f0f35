import CPNG
import CTurboJPEG
import Runtime

/// PNG and JPEG files to bytes `[h, w, c]`, recognised by content, not by name.
enum ImageDecoder {
  enum Format {
    case png
    case jpeg
  }

  /// File-name endings of images, lower case.
  static let extensions: Set<String> = ["png", "jpg", "jpeg"]

  static let largestSide = 16384

  static func hasImageExtension(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }

  static func format(of bytes: [UInt8], path: String) throws -> Format {
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) { return .png }
    if bytes.starts(with: [0xff, 0xd8, 0xff]) { return .jpeg }
    throw KirchhoffError(
      .data, subject: path, place: "byte 0",
      found: bytes.isEmpty ? "an empty file" : "magic number \(hex(bytes.prefix(4)))",
      expected: "a PNG (0x89504e47) or JPEG (0xffd8ff) image")
  }

  /// Size and channels (1 grey, 3 colour; transparency does not count) from the header.
  static func shape(of bytes: [UInt8], path: String) throws -> ImageShape {
    let shape =
      switch try format(of: bytes, path: path) {
      case .png: try withPNG(bytes, path: path) { pngShape($0) }
      case .jpeg: try jpegShape(bytes, path: path)
      }
    // A damaged header must not reserve terabytes.
    guard shape.height <= largestSide, shape.width <= largestSide else {
      throw KirchhoffError(
        .data, subject: path, found: "an image of \(shape.height)×\(shape.width) pixels",
        expected: "at most \(largestSide) pixels a side")
    }
    return shape
  }

  /// Decodes into `target`, which holds the image at `shape`; converts between grey and colour as
  /// `shape.channels` says, and lays transparent PNGs on black.
  static func decode(
    _ bytes: [UInt8], path: String, shape: ImageShape, into target: UnsafeMutablePointer<UInt8>
  ) throws {
    precondition(shape.channels == 1 || shape.channels == 3, "ImageDecoder: shape \(shape)")
    switch try format(of: bytes, path: path) {
    case .png: try decodePNG(bytes, path: path, shape: shape, into: target)
    case .jpeg: try decodeJPEG(bytes, path: path, shape: shape, into: target)
    }
  }

  static func sizeMismatch(_ path: String, found: ImageShape, expected: ImageShape)
    -> KirchhoffError
  {
    KirchhoffError(
      .data, subject: path, found: "an image of \(found.height)×\(found.width) pixels",
      expected: "\(expected.height)×\(expected.width) pixels like the other images",
      hint: "give the data set a size (height, width) to which all images are resized")
  }

  // MARK: PNG

  private static func withPNG<R>(
    _ bytes: [UInt8], path: String, _ body: (inout png_image) throws -> R
  ) throws -> R {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    return try bytes.withUnsafeBytes { content in
      guard png_image_begin_read_from_memory(&image, content.baseAddress, content.count) != 0
      else { throw damaged(path, "PNG", message(of: image)) }
      return try body(&image)
    }
  }

  private static func pngShape(_ image: png_image) -> ImageShape {
    ImageShape(
      height: Int(image.height), width: Int(image.width),
      channels: image.format & kirchhoff_png_flag_color != 0 ? 3 : 1)
  }

  private static func decodePNG(
    _ bytes: [UInt8], path: String, shape: ImageShape, into target: UnsafeMutablePointer<UInt8>
  ) throws {
    try withPNG(bytes, path: path) { image in
      let found = pngShape(image)
      guard found.height == shape.height, found.width == shape.width else {
        throw sizeMismatch(path, found: found, expected: shape)
      }
      image.format =
        shape.channels == 1 ? kirchhoff_png_format_gray : kirchhoff_png_format_rgb
      var background = png_color(red: 0, green: 0, blue: 0)
      let rowBytes = png_int_32(shape.width * shape.channels)
      guard png_image_finish_read(&image, &background, target, rowBytes, nil) != 0 else {
        throw damaged(path, "PNG", message(of: image))
      }
      // libpng only warns where the end of the data is missing or a checksum is wrong.
      guard image.warning_or_error == 0 else { throw damaged(path, "PNG", message(of: image)) }
    }
  }

  private static func message(of image: png_image) -> String {
    withUnsafeBytes(of: image.message) { raw in
      String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  // MARK: JPEG

  private static func withJPEG<R>(path: String, _ body: (tjhandle) throws -> R) throws -> R {
    guard let handle = tjInitDecompress() else {
      throw KirchhoffError(.io, subject: path, found: "a JPEG decoder that cannot start")
    }
    defer { tjDestroy(handle) }
    return try body(handle)
  }

  private static func jpegHeader(
    _ handle: tjhandle, _ bytes: [UInt8], path: String
  ) throws -> ImageShape {
    var (width, height, subsampling, colourSpace): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    let status = tjDecompressHeader3(
      handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colourSpace)
    guard status == 0 else { throw damaged(path, "JPEG", String(cString: tjGetErrorStr2(handle))) }
    return ImageShape(
      height: Int(height), width: Int(width),
      channels: colourSpace == Int32(TJCS_GRAY.rawValue) ? 1 : 3)
  }

  private static func jpegShape(_ bytes: [UInt8], path: String) throws -> ImageShape {
    try withJPEG(path: path) { try jpegHeader($0, bytes, path: path) }
  }

  private static func decodeJPEG(
    _ bytes: [UInt8], path: String, shape: ImageShape, into target: UnsafeMutablePointer<UInt8>
  ) throws {
    try withJPEG(path: path) { handle in
      let found = try jpegHeader(handle, bytes, path: path)
      guard found.height == shape.height, found.width == shape.width else {
        throw sizeMismatch(path, found: found, expected: shape)
      }
      let format = shape.channels == 1 ? TJPF_GRAY.rawValue : TJPF_RGB.rawValue
      // The accurate transform: pixels do not depend on the processor's fast paths.
      let status = tjDecompress2(
        handle, bytes, UInt(bytes.count), target, Int32(shape.width), 0, Int32(shape.height),
        Int32(format), Int32(TJFLAG_ACCURATEDCT))
      // A warning means missing or corrupt data that the decoder filled with grey.
      guard status == 0 else {
        throw damaged(path, "JPEG", String(cString: tjGetErrorStr2(handle)))
      }
    }
  }

  private static func damaged(_ path: String, _ format: String, _ message: String) -> KirchhoffError
  {
    KirchhoffError(
      .data, subject: path, found: "damaged \(format) data (\(message))",
      expected: "an intact \(format) image", hint: "remove the file or fetch it again")
  }
}
