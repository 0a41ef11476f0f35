extension DatasetEntry {
  private static let mnistNames = [
    "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
  ]

  private static func file(
    _ index: Int, _ bytes: Int?, _ bases: [String], _ checksum: Checksum, content: String? = nil
  ) -> File {
    File(
      name: mnistNames[index], urls: bases.map { $0 + mnistNames[index] }, bytes: bytes,
      checksum: checksum, contentChecksum: content.map { .sha256($0) })
  }

  static let known: [DatasetEntry] = [fashionMNIST, mnist, kmnist, cifar10, cifar100]

  private static let fashionSources = [
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
  ]

  static let fashionMNIST = DatasetEntry(
    name: "fashion-mnist", summary: "clothes, grey 28×28, 10 classes",
    source: "Xiao, Rasul, Vollgraf 2017", layout: .mnist,
    files: [
      file(
        0, 26_421_880, fashionSources,
        .sha256("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        content: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
      file(
        1, 29_515, fashionSources,
        .sha256("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        content: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
      file(
        2, 4_422_102, fashionSources,
        .sha256("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        content: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
      file(
        3, 5_148, fashionSources,
        .sha256("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        content: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ],
    folders: ["fashion-mnist", "fashion_mnist", "FashionMNIST", "FashionMNIST/raw"],
    systemFolders: ["/usr/share/datasets/fashion-mnist"],
    classNames: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ],
    counts: (60_000, 10_000), shape: ImageShape(height: 28, width: 28, channels: 1))

  private static let mnistSources = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
  ]

  static let mnist = DatasetEntry(
    name: "mnist", summary: "handwritten digits, grey 28×28, 10 classes",
    source: "LeCun, Cortes, Burges 1998", layout: .mnist,
    files: [
      file(
        0, 9_912_422, mnistSources,
        .sha256("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        content: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
      file(
        1, 28_881, mnistSources,
        .sha256("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        content: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
      file(
        2, 1_648_877, mnistSources,
        .sha256("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        content: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
      file(
        3, 4_542, mnistSources,
        .sha256("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        content: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ],
    folders: ["mnist", "MNIST", "MNIST/raw"], classNames: (0...9).map(String.init),
    counts: (60_000, 10_000), shape: ImageShape(height: 28, width: 28, channels: 1),
    mirrorKeepsClass: false)

  private static let kmnistSources = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]

  static let kmnist = DatasetEntry(
    name: "kmnist", summary: "cursive Japanese characters, grey 28×28, 10 classes",
    source: "Clanuwat et al. 2018", layout: .mnist,
    files: [
      file(0, nil, kmnistSources, .md5("bdb82020997e1d708af4cf47b453dcf7")),
      file(1, nil, kmnistSources, .md5("e144d726b3acfaa3e44228e80efcd344")),
      file(2, nil, kmnistSources, .md5("5c965bf0a639b31b8f53240b1b52f4d7")),
      file(3, nil, kmnistSources, .md5("7320c461ea6c1c855c0b718fb2a4b134")),
    ],
    folders: ["kmnist", "KMNIST", "KMNIST/raw"],
    classNames: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
    counts: (60_000, 10_000), shape: ImageShape(height: 28, width: 28, channels: 1),
    mirrorKeepsClass: false)

  static let cifar10 = DatasetEntry(
    name: "cifar10", summary: "objects, colour 32×32, 10 classes", source: "Krizhevsky 2009",
    layout: .cifar(.cifar10),
    files: [
      File(
        name: "cifar-10-binary.tar.gz",
        urls: ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"], bytes: 170_052_171,
        checksum: .md5("c32a1d4ab5d03f1284b67883e8d87530"))
    ],
    folders: ["cifar10", "cifar-10", "cifar-10-batches-bin"], classNames: CIFAR.classNames10,
    counts: (50_000, 10_000), shape: CIFAR.shape)

  static let cifar100 = DatasetEntry(
    name: "cifar100", summary: "objects, colour 32×32, 100 classes", source: "Krizhevsky 2009",
    layout: .cifar(.cifar100),
    files: [
      File(
        name: "cifar-100-binary.tar.gz",
        urls: ["https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"], bytes: nil,
        checksum: .md5("03b5dce01913d631647c71ecec9e9cb8"))
    ],
    folders: ["cifar100", "cifar-100", "cifar-100-binary"], counts: (50_000, 10_000),
    shape: CIFAR.shape)
}
