using System.Text.Json;
using System.Text.Json.Nodes;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Pipeline;

/// <summary>Configurations of <c>pta fuse</c>: what is read, what is refused.</summary>
public sealed class FuseConfigTests
{
    private const string Least = """{"output": "o", "documents": "d.jsonl", "target": {"model": "t"}, "sources": [{"model": "s"}]}""";

    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-config-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void TheDefaultReadsAsItself()
    {
        FuseConfig config = Read(FuseConfigFile.Default());
        Assert.That(config.Sources, Has.Count.EqualTo(2));
        Assert.That(config.Train, Is.EqualTo(new TrainConfig()));
        Assert.That(config.Capture, Is.EqualTo(new CaptureConfig()));
        string[] uncommented = [.. FuseConfigFile.Default().Split('\n').Where(static l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal))];
        using JsonDocument plain = JsonDocument.Parse(string.Join('\n', uncommented));
        Assert.That(FuseConfigFile.Default().Split('\n').Count(static l => l.TrimStart().StartsWith("//", StringComparison.Ordinal)), Is.GreaterThan(40), "a comment per setting");
    }

    [Test]
    public void CommentsTrailingCommasAndASchemaLineAreWelcome()
    {
        FuseConfig config = Read("""
            {
              "$schema": "fusion.schema.json", // for the editor
              "output": "o", "documents": "d.jsonl", /* text */
              "target": {"model": "t"}, "sources": [{"model": "s"},],
            }
            """);
        Assert.That((config.Output, config.Sources[0].Model, config.Preset, config.Control), Is.EqualTo(("o", "s", AlignmentPreset.Default, "none")));
    }

    [TestCase("""{"output": "o"}""", "documents")]
    [TestCase("""{"outptu": "o"}""", "'outptu' is no name of a setting")]
    [TestCase("""{"output": "o", "documents": "d", "target": {"model": "t", "weights": 1}, "sources": []}""", "target.weights: 'weights' is no name of a setting")]
    [TestCase("""{"output": "o", "documents": "d", "target": {"model": "t"}, "sources": [{"model": 7}]}""", "sources[0].model: a value has another type")]
    [TestCase("""{"output": "o", "documents": "d", "target": null, "sources": []}""", "target")]
    [TestCase("[1]", "is no JSON object")]
    [TestCase("{\"output\": ", "line 1")]
    [TestCase("{\n\"output\": \"o\",\n\"documents\": d\n}", "line 3")]
    public void AnythingElseIsOneSentence(string text, string part)
    {
        AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => Read(text))!;
        Assert.That(error.Message, Does.Contain(part).And.Contain("config.json").And.Contain("--print-default-config"));
        Assert.That(error.Message, Does.Not.Contain("System.").And.Not.Contain("LineNumber").And.Not.Contain("\n"));
    }

    [Test]
    public void AMissingFileNamesTheWayToOne() =>
        Assert.That(() => FuseConfigFile.Read(Path.Combine(_folder.FullName, "none.json")), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("--print-default-config"));

    [Test]
    public void TheSchemaKnowsEverySettingOfTheDefault()
    {
        JsonNode schema = JsonNode.Parse(FuseConfigFile.Schema())!;
        JsonObject settings = schema["properties"]!.AsObject();
        foreach ((string name, JsonNode? _) in JsonSerializer.SerializeToNode(Read(FuseConfigFile.Default()), FuseConfigFile.Options)!.AsObject())
            Assert.That(settings[name]?["description"]?.GetValue<string>(), Is.Not.Null.And.Not.Empty, name);
        Assert.That(schema["required"]!.AsArray().Select(static n => n!.GetValue<string>()), Is.EquivalentTo(new[] { "output", "documents", "target", "sources" }));
    }

    [Test]
    public void TheLeastIsEnough() => Assert.That(Read(Least).Students, Is.Empty);

    private FuseConfig Read(string text)
    {
        string path = Path.Combine(_folder.FullName, "config.json");
        File.WriteAllText(path, text);
        return FuseConfigFile.Read(path);
    }
}
