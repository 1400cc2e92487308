using System.Reflection;
using System.Runtime.CompilerServices;

namespace PtaKernels.Tests.PublicApi;

/// <summary>What users of the packages can call is written down beside this file, one text file per package; a change shows in a review, never by accident.</summary>
public sealed class PublicApiTests
{
    /// <summary>Set to 1, the test rewrites the files instead of comparing them.</summary>
    private const string AcceptVariable = "PTAKERNELS_ACCEPT_API";

    private const string HowToAccept = $"If that is meant: {AcceptVariable}=1 scripts/test --filter FullyQualifiedName~PublicApi";

    /// <summary>The packages that hold an assembly to call; <c>pta</c> is a program and has none.</summary>
    private static readonly string[] Packages =
    [
        "PtaKernels", "PtaKernels.Native", "PtaKernels.Gpu", "PtaKernels.Backends", "PtaKernels.Text", "PtaKernels.Alignment", "PtaKernels.Corpus", "PtaKernels.Training",
    ];

    [TestCaseSource(nameof(Packages))]
    public void IsWhatIsWrittenDown(string package)
    {
        string file = Repository.PathOf("tests", "PtaKernels.Tests", "PublicApi", package + ".txt");
        string[] present = ApiText.Of(Assembly.Load(package));
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
            File.WriteAllLines(file, present);
        string[] written = File.Exists(file) ? File.ReadAllLines(file) : [];
        Assert.That(Difference(written, present), Is.Empty, $"{Environment.NewLine}The public API of {package} changed. {HowToAccept}");
    }

    /// <summary>
    /// A package relies on what is public in another, so that a backend or a reader of one's own can do what ours do. One exception: packing and capture write
    /// dataset folders by the columns and files of Corpus, which nobody else should build on; each package asks for exactly its own release of the others.
    /// </summary>
    [TestCaseSource(nameof(Packages))]
    public void ShowsItsInternalsToNoOtherPackage(string package)
    {
        IEnumerable<string> seers = Assembly.Load(package).GetCustomAttributes<InternalsVisibleToAttribute>().Select(static a => a.AssemblyName);
        Assert.That(seers.Intersect(Packages), Is.EqualTo(package == "PtaKernels.Corpus" ? ["PtaKernels.Training"] : Array.Empty<string>()));
    }

    [Test]
    public void ADifferenceNamesWhatWasAddedAndRemoved()
    {
        string[] lines = Difference(["class A", "A: int B { get; }"], ["class A", "A: int C { get; }"]);
        Assert.That(lines, Is.EqualTo(new[] { "removed: A: int B { get; }", "added:   A: int C { get; }" }));
    }

    [Test]
    public void ALineSaysWhatAUserSees()
    {
        string[] lines = [.. ApiText.Of(typeof(Shown))];
        Assert.That(lines, Is.EqualTo(new[]
        {
            "sealed record PtaKernels.Tests.PublicApi.PublicApiTests.Shown",
            "PtaKernels.Tests.PublicApi.PublicApiTests.Shown: const int Most = 3",
            "PtaKernels.Tests.PublicApi.PublicApiTests.Shown: new(string Name, string? Note = default)",
            "PtaKernels.Tests.PublicApi.PublicApiTests.Shown: static T[] Of<T>(in T first, out int count, params int[] rest) where T : unmanaged",
            "PtaKernels.Tests.PublicApi.PublicApiTests.Shown: string Name { get; init; }",
            "PtaKernels.Tests.PublicApi.PublicApiTests.Shown: string? Note { get; init; }",
        }));
    }

    private static string[] Difference(string[] written, string[] present) =>
        [.. written.Except(present).Select(static l => "removed: " + l), .. present.Except(written).Select(static l => "added:   " + l)];

    public sealed record Shown(string Name, string? Note = null)
    {
        public const int Most = 3;

        internal int Hidden { get; }

        public static T[] Of<T>(in T first, out int count, params int[] rest)
            where T : unmanaged
        {
            count = rest.Length;
            return [first];
        }
    }
}
