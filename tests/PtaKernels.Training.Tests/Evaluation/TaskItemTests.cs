using System.IO.Compression;

namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>Questions from files.</summary>
public sealed class TaskItemTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-tasks-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void FolderIsReadInOrderAndFillsWhatIsMissing()
    {
        Write("b.jsonl", """{"task": "law", "id": 7, "context": "c ", "choices": ["x", "y"], "answer": 1}""");
        using (var file = new StreamWriter(new GZipStream(File.Create(In("a.jsonl.gz")), CompressionLevel.Fastest)))
            file.Write("\n{\"context\": \"\", \"target\": \" z\"}\n");
        Write("notes.txt", "no questions");
        IReadOnlyList<TaskItem> items = TaskItem.Read(_folder.FullName);
        Assert.That(items.Select(static i => (i.Task, i.Id, i.Context, i.Answer, i.Target, i.IsCloze)), Is.EqualTo(new[] { ("a", "line 2", "", (int?)null, " z", true), ("law", "7", "c ", 1, "y", false) }));
    }

    [TestCase("""[]""", "is no JSON object")]
    [TestCase("""{"choices": ["x", "y"], "answer": 1}""", "has no string context")]
    [TestCase("""{"context": "c"}""", "has neither choices nor a string target")]
    [TestCase("""{"context": "c", "target": 3}""", "has neither choices nor a string target")]
    [TestCase("""{"context": "c", "target": ""}""", "target is empty")]
    [TestCase("""{"context": "c", "target": "x", "choices": ["x", "y"], "answer": 1}""", "has both choices and target")]
    [TestCase("""{"context": "c", "choices": ["x"], "answer": 0}""", "choices is no list of two or more strings")]
    [TestCase("""{"context": "c", "choices": ["x", 2], "answer": 0}""", "choices is no list of two or more strings")]
    [TestCase("""{"context": "c", "choices": ["x", ""], "answer": 0}""", "choice 1 is empty")]
    [TestCase("""{"context": "c", "choices": ["x", "y"], "answer": 2}""", "answer is no index from 0 to 1")]
    [TestCase("""{"context": "c", "choices": ["x", "y"], "answer": "A"}""", "answer is no index from 0 to 1")]
    [TestCase("""{"context": "c", "choices": ["x", "y"]}""", "answer is no index from 0 to 1")]
    [TestCase("""{"context": "c", """, "not whole JSON")]
    public void BadLineIsOneSentence(string line, string what)
    {
        Write("t.jsonl", """{"context": "c", "target": "x"}""" + "\n" + line);
        Assert.That(() => TaskItem.Read(In("t.jsonl")), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith($"{In("t.jsonl")}, line 2: ").And.Message.Contains(what).And.Message.EndsWith("."));
    }

    [Test]
    public void NothingToReadIsSaid()
    {
        Assert.That(() => TaskItem.Read(In("none.jsonl")), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("no such file"));
        Assert.That(() => TaskItem.Read(_folder.FullName), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("holds no question"));
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private void Write(string name, string text) => File.WriteAllText(In(name), text);
}
