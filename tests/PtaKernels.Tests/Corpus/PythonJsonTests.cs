using PtaKernels.Corpus;

namespace PtaKernels.Tests.Corpus;

/// <summary>Python's bare NaN and infinities become strings, and nothing else changes.</summary>
[TestFixture]
public sealed class PythonJsonTests
{
    [TestCase("[1, NaN, Infinity, -Infinity]", """[1, "NaN", "Infinity", "-Infinity"]""")]
    [TestCase("[NaN]", """["NaN"]""")]
    [TestCase("""{"a":NaN,"b":-Infinity}""", """{"a":"NaN","b":"-Infinity"}""")]
    [TestCase("""["NaN", NaN]""", """["NaN", "NaN"]""")]
    [TestCase("""{"NaN": "to Infinity -Infinity"}""", """{"NaN": "to Infinity -Infinity"}""")]
    [TestCase("""["a\"NaN", NaN]""", """["a\"NaN", "NaN"]""")]
    [TestCase("""["a\\", NaN, "\\\"NaN"]""", """["a\\", "NaN", "\\\"NaN"]""")]
    [TestCase("""["\\\\\"", NaN]""", """["\\\\\"", "NaN"]""")]
    [TestCase("""["NaN\""", """["NaN\""")]
    [TestCase("""["NaN\\""", """["NaN\\""")]
    [TestCase("NaN", "\"NaN\"")]
    [TestCase("[-NaN]", "[-\"NaN\"]")]
    public void WordsOutsideStringsAreQuoted(string line, string expected) => Assert.That(PythonJson.Quote(line), Is.EqualTo(expected));

    [Test]
    public void ALineWithoutThemIsReturnedAsItIs()
    {
        string line = """{"a": [1, -2.5e3], "b": "naN infinity"}""";
        Assert.That(PythonJson.Quote(line), Is.SameAs(line));
    }
}
